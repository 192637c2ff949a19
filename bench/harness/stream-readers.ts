// A worker that reads a stream again and again with so many clients at once, so that whoever measures is not the one who reads.
import http from 'node:http';
import { workerData } from 'node:worker_threads';

const { url, clients } = workerData as { readonly url: string; readonly clients: number };

function readAgain(): void {
  http.get(url, { agent: false }, (response) => {
    response.resume();
    response.once('end', readAgain);
  });
}

for (let client = 0; client < clients; client++) readAgain();
