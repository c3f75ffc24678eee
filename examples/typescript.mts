// Rooms, with types: `node examples/typescript.mts` with Node.js 22.18 or later, which leaves the types
// out by itself; `npx tsx examples/typescript.mts` with an older one.

import type { AddressInfo } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { WebSocketServer, WebSocket, type RawData } from 'wsuv';

interface Message {
  from: string;
  text: string;
}

const rooms = new Map<string, Set<WebSocket>>();

function parse(data: RawData): Message | undefined {
  try {
    const { from, text } = JSON.parse(data.toString()) as Partial<Message>;
    return typeof from === 'string' && typeof text === 'string' ? { from, text } : undefined;
  } catch {
    return undefined;
  }
}

function join(ws: WebSocket, req: IncomingMessage): void {
  const name = req.url ?? '/';
  const room = rooms.get(name) ?? new Set<WebSocket>();
  rooms.set(name, room.add(ws));
  ws.on('error', console.error);
  ws.on('message', (data: RawData, isBinary: boolean) => {
    const message = isBinary ? undefined : parse(data);
    if (message === undefined) {
      ws.close(1003, 'text with "from" and "text" is wanted');
      return;
    }
    for (const other of room) {
      if (other.readyState === WebSocket.OPEN) other.send(JSON.stringify(message));
    }
  });
  ws.on('close', () => {
    room.delete(ws);
    if (room.size === 0) rooms.delete(name);
  });
}

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) });
server.on('connection', join);
server.on('listening', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening at ws://localhost:${port}`);
});
