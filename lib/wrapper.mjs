import WebSocket from './index.js';

export const {
  MyWebsocket,
  PerMessageDeflate,
  Receiver,
  Sender,
  WebSocketServer,
  createWebSocketStream,
  extension,
  myWebsocket,
  subprotocol
} = WebSocket;
export { WebSocket };
export default WebSocket;
