// A bare `ws` server that sends the body of each POST to all its clients, in a message of the same frame. Prints its address.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const http = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const frame = Buffer.concat(chunks).toString();
    for (const client of sockets.clients) client.send(frame);
    response.end('{}');
  });
});
const sockets = new WebSocketServer({ server: http, path: '/ws', perMessageDeflate: false });
http.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
