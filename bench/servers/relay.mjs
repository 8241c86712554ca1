// A peer of `bench.compare`: what jsmpeg's users run, a relay on npm's `ws`.
// Usage: node relay.mjs PORT BYTES FPS, where `ws` is installed
import { WebSocketServer, WebSocket } from "ws";

const [port, size, fps] = process.argv.slice(2).map(Number);
const server = new WebSocketServer({ host: "127.0.0.1", port, perMessageDeflate: false });
const data = Buffer.alloc(size);
let due = performance.now();

function next() {
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(data);
  }
  due += 1000 / fps;
  setTimeout(next, Math.max(0, due - performance.now()));
}
next();
