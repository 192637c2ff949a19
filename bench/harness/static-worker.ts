// Serves the files of a folder, as somebody else's server would: argv[2] is the folder; the address is printed.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';
const server = createServer((request, response) => {
  const path = join(folder, (request.url ?? '/').replace(/\?.*$/, ''));
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'content-length': statSync(path).size });
  createReadStream(path, { highWaterMark: 256 * 1024 }).pipe(response);
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
