import WebSocket from './index.js';

export const { MyWebsocket, WebSocketServer, createWebSocketStream, extension, subprotocol } =
  WebSocket;
export { WebSocket };
export default WebSocket;
