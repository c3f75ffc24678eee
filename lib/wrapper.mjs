import WebSocket from './index.js';

export const {
  MyWebsocket,
  PerMessageDeflate,
  WebSocketServer,
  createWebSocketStream,
  extension,
  subprotocol
} = WebSocket;
export { WebSocket };
export default WebSocket;
