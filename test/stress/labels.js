'use strict';

// Every message says whose it is: 'KIND CONNECTION NUMBER filling'. So whoever gets it can tell whether
// it was meant for him, whether one is missing, and whether its bytes are those that were sent.

const FILLING = 'abcdefghijklmnopqrstuvwxyz';

/**
 * @param {String} kind p from a peer, s from what is tested, f fed by the program itself; t from what is
 *     tested where it may be given up (when the connection closes), with the number of the next s
 * @param {Number} id of the connection
 * @param {Number} number of the message, from 0
 * @param {Number} size of what follows
 * @return {String}
 */
function label(kind, id, number, size) {
  const head = `${kind} ${id} ${number} `;
  return head + FILLING[(id + number) % 26].repeat(size);
}

/** What a message says; undefined where it is none of ours, or its filling is not what it was. */
function readLabel(data) {
  const found = /^([psft]) (\d+) (\d+) /.exec(data.toString('latin1', 0, 40));
  if (found === null) return undefined;
  const [head, kind, id, number] = found;
  const expected = FILLING.charCodeAt((Number(id) + Number(number)) % 26);
  for (let at = head.length; at < data.length; at++) {
    if (data[at] !== expected) return undefined;
  }
  return { kind, id: Number(id), number: Number(number) };
}

/** Checks the messages of one connection. */
class Reader {
  #kind;
  #id;
  #next = 0;
  // How far the first message was from what was due, where that may be.
  #missed = 0;

  /** Whether the program itself put bytes between those of the peer, which may break any of them. */
  isTainted = false;

  /**
   * @param {String} kind what the other end sends
   * @param {Number} id
   */
  constructor(kind, id) {
    this.#kind = kind;
    this.#id = id;
  }

  /** Nobody has listened until now: the first messages may be missing if the peer has gone. */
  beginLate() {
    this.#missed = undefined;
  }

  /** A message begins to come, which may be read later than those behind it, or not to its end. */
  begin() {
    return this.#next++;
  }

  /**
   * @param {Buffer} data a message
   * @param {Number} [due] what begin() gave for it
   * @return {(String|undefined)} what is wrong with it
   */
  check(data, due) {
    const said = readLabel(data);
    if (said === undefined) {
      return this.isTainted
        ? undefined
        : `unreadable: ${data.length} bytes ${data.subarray(0, 60).toString('latin1')}`;
    }
    if (said.id !== this.#id) return `of connection ${said.id} on connection ${this.#id}`;
    if (said.kind === 'f' || this.isTainted) return undefined;
    if (said.kind === 't') {
      return said.number === this.#next
        ? undefined
        : `written in front of ${said.number} where ${this.#next} was due on connection ${this.#id}`;
    }
    if (said.kind !== this.#kind) return `of kind ${said.kind}`;
    const place = due ?? this.#next++;
    this.#missed ??= said.number - place;
    const expected = place + this.#missed;
    if (said.number !== expected) {
      return `number ${said.number} where ${expected} was due on connection ${this.#id}`;
    }
    return undefined;
  }
}

module.exports = { Reader, label };
