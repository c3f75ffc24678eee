/**
 * A WebSocket for pages that connects again when the connection is lost: after a second, then after
 * longer and longer pauses of random length, so that not all pages come back at the same moment.
 *
 * An EventTarget: 'open', 'message' (event.data), 'close' (each time; event.detail is the pause in
 * milliseconds until it tries again).
 */
export class ReconnectingWebSocket extends EventTarget {
  #url;
  #socket;
  #timer;
  #pause;
  #shortest;
  #longest;

  constructor(url, { shortest = 1000, longest = 60_000 } = {}) {
    super();
    this.#url = url;
    this.#shortest = this.#pause = shortest;
    this.#longest = longest;
    this.#connect();
  }

  /** Whether a message would leave. */
  get isOpen() {
    return this.#socket.readyState === 1;
  }

  #connect() {
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.onopen = () => {
      this.#pause = this.#shortest;
      this.dispatchEvent(new Event('open'));
    };
    socket.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }));
    // 'close' follows, and that is enough.
    socket.onerror = () => {};
    socket.onclose = () => {
      const wait = Math.round(this.#pause * (0.5 + Math.random()));
      this.#pause = Math.min(2 * this.#pause, this.#longest);
      this.#timer = setTimeout(() => this.#connect(), wait);
      this.dispatchEvent(new CustomEvent('close', { detail: wait }));
    };
  }

  /** Sends a message; false if there is no connection at the moment. */
  send(data) {
    if (this.isOpen) this.#socket.send(data);
    return this.isOpen;
  }

  /** Ends the connection for good. */
  close() {
    clearTimeout(this.#timer);
    this.#socket.onclose = null;
    this.#socket.close(1000);
  }
}
