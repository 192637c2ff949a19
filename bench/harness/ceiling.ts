import type { LoadRequest } from './load.ts';
import { type BenchServer, startScript } from './server.ts';

/** What every answer has of the HTTP server itself. */
const OF_THE_SERVER = ['connection', 'content-length', 'date', 'keep-alive'];

/** What the bare route answers, each time. */
export interface CeilingAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A bare Fastify server whose answers have the same bytes, headers and all, as the answer of a server to a request. */
export async function startCeiling(server: BenchServer, { method, path, body }: LoadRequest): Promise<BenchServer> {
  const response = await fetch(server.url + path, {
    method,
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  });
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}`);
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !OF_THE_SERVER.includes(name)));
  const answer: CeilingAnswer = { status: response.status, headers, body: await response.text() };
  return startScript('ceiling-worker.ts', [JSON.stringify(answer)]);
}
