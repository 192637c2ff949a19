import { Worker } from 'node:worker_threads';
import type { BenchContext } from '../context.ts';
import type { BusyClients } from '../harness/busy-clients.ts';
import { runLoad } from '../harness/load.ts';
import type { BenchServer } from '../harness/server.ts';
import { figure, type Measurement } from '../harness/table.ts';

const BUSY_CLIENTS = new URL('../harness/busy-clients.ts', import.meta.url);

/** How long one client waits for a record while others keep the server busy; null where nobody does. */
export async function readsBeside(
  context: BenchContext,
  server: BenchServer,
  ids: readonly string[],
  busy: (Omit<BusyClients, 'url'> & { readonly what: string }) | null,
): Promise<Measurement> {
  const others =
    busy === null
      ? null
      : new Worker(BUSY_CLIENTS, { workerData: { url: server.url, ...busy } satisfies BusyClients & { what: string } });
  const failed = new Promise<never>((_, reject) => others?.once('error', reject));
  const next = () =>
    ({ method: 'GET', path: `/api/v1/records/flights/${ids[Math.floor(Math.random() * ids.length)]}` }) as const;
  try {
    const load = await Promise.race([runLoad(server.url, 1, context.loadMilliseconds, next), failed]);
    if (load.failures > 0) throw new Error(`${load.failures} reads failed`);
    const beside = busy === null ? 'on an idle server' : `beside ${busy.what}`;
    return figure(`point read ${beside}, p99`, load.p99, 'ms', busy === null ? '' : 'to stay under 50');
  } finally {
    failed.catch(() => {});
    await others?.terminate();
  }
}
