'use strict';

// The servers that the documents build, each as it is in examples/, and what a page does with them. A
// page's part is a function that needs nothing but its arguments, so that it can run in any browser.

const SERVERS = [
  { file: 'my-websocket.js', takesBytes: true, isBroadcast: true },
  { file: 'upgrade.js', takesBytes: true },
  { file: 'server.js', takesBytes: true },
  { file: 'nodejs-websocket.js', takesBytes: true },
  { file: 'smallest.js', answer: (text) => `you said ${text}` }
];

/** Sends texts, one after the other; resolves with the answers, and with what 'close' says. */
async function askTexts(WebSocket, url, texts) {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const answers = [];
  for (const text of texts) {
    const answer = new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
    socket.send(text);
    answers.push(await answer);
  }
  const closed = new Promise((resolve) => (socket.onclose = resolve));
  socket.close(4321, 'because');
  const { code, reason, wasClean } = await closed;
  return { answers, end: [code, reason, wasClean] };
}

/** Sends so many bytes; resolves with how many came back, and whether they were the same. */
async function askBytes(WebSocket, url, size) {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  // (jsdom masks the bytes in place, so they are no measure for what comes back.)
  const byteAt = (i) => (i * 31 + (i >> 8)) & 255;
  const bytes = new Uint8Array(size).map((_, i) => byteAt(i));
  const answer = new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
  socket.send(bytes.buffer);
  const got = new Uint8Array(await answer);
  const closed = new Promise((resolve) => (socket.onclose = resolve));
  socket.close();
  await closed;
  return { size: got.length, isSame: got.every((byte, i) => byte === byteAt(i)) };
}

/** Sends many texts at once on each of several connections; resolves with what each one got. */
async function askAtOnce(WebSocket, url, connections, messages, answers) {
  const sockets = Array.from({ length: connections }, () => new WebSocket(url));
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve, reject) => {
          socket.onopen = resolve;
          socket.onerror = reject;
        })
    )
  );
  const got = sockets.map(() => []);
  const all = sockets.map(
    (socket, i) =>
      new Promise((resolve) => {
        socket.onmessage = ({ data }) => got[i].push(data) === answers && resolve();
      })
  );
  sockets.forEach((socket, i) => {
    for (let j = 0; j < messages; j++) socket.send(`${i} ${j}`);
  });
  await Promise.all(all);
  const closed = sockets.map((socket) => new Promise((resolve) => (socket.onclose = resolve)));
  for (const socket of sockets) socket.close();
  await Promise.all(closed);
  return got;
}

/**
 * Describes what a page can do with each of the servers.
 *
 * @param {function(String): (function(): String)} serve runs an example, gives what gives its URL
 * @param {function(Function, ...*): Promise} inPage calls one of the functions above with the
 *     browser's class WebSocket and these arguments
 */
function describeDocuments(serve, inPage) {
  describe.each(SERVERS.map((server) => [server.file, server]))('%s', (file, server) => {
    const url = serve(file);
    const answerTo = server.answer ?? ((text) => text);

    test('texts come back', async () => {
      const texts = ['', 'a', 'é€😀', 'x'.repeat(126), 'y'.repeat(65536), 'z'.repeat(262145)];
      const { answers, end } = await inPage(askTexts, url(), texts);
      expect(answers.map(({ length }) => length)).toEqual(
        texts.map((text) => answerTo(text).length)
      );
      expect(answers).toEqual(texts.map(answerTo));
      expect(end).toEqual([4321, 'because', true]);
    });

    if (server.takesBytes) {
      test.each([0, 1, 125, 126, 65535, 65536, 262145, 1024 * 1024])(
        '%d bytes come back',
        async (size) => {
          expect(await inPage(askBytes, url(), size)).toEqual({ size, isSame: true });
        }
      );
    }

    test('several connections at once', async () => {
      const texts = Array.from({ length: 5 }, (_, i) =>
        Array.from({ length: 50 }, (_, j) => answerTo(`${i} ${j}`))
      );
      const answers = server.isBroadcast ? 250 : 50;
      const got = await inPage(askAtOnce, url(), 5, 50, answers);
      if (server.isBroadcast) {
        // Everybody gets all of it in one order, in which each one's texts are in theirs.
        for (const one of got) {
          expect(one).toEqual(got[0]);
          texts.forEach((own, i) => {
            expect(one.filter((text) => text.startsWith(`${i} `))).toEqual(own);
          });
        }
      } else {
        expect(got).toEqual(texts);
      }
    });
  });
}

module.exports = { describeDocuments };
