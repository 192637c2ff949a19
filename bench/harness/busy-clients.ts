import { workerData } from 'node:worker_threads';

/** What clients ask again and again, each its next request when the last was answered. */
export interface BusyClients {
  readonly url: string;
  readonly clients: number;
  readonly path: string;
  /** The body of a POST, each time with another number for `NUMBER`; null for a GET. */
  readonly body: string | null;
}

const { url, clients, path, body } = workerData as BusyClients;

async function ask(first: number): Promise<never> {
  for (let number = first; ; number += clients) {
    const request =
      body === null
        ? {}
        : {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: body.replaceAll('NUMBER', String(number)),
          };
    const response = await fetch(url + path, request);
    if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
    for await (const _ of response.body);
  }
}

for (let client = 0; client < clients; client++) void ask(client);
