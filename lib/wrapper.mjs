import WebSocket from './index.js';

export const { MyWebsocket, WebSocketServer, subprotocol } = WebSocket;
export { WebSocket };
export default WebSocket;
