import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { BenchContext, BenchGroup } from '../context.ts';
import { alternate, FLIGHTS_COLUMNS, openEngine, SYSTEM_COLUMNS, SYSTEM_VALUES, timed } from '../harness/engine.ts';
import { startScript, startServer } from '../harness/server.ts';
import { type Measurement, rate } from '../harness/table.ts';

const TYPED = `columns = {date: 'TIMESTAMP', delay: 'BIGINT', distance: 'BIGINT', origin: 'VARCHAR', destination: 'VARCHAR'}`;

/** Pipelines from a server of files, against fetching the same with curl and letting the engine read it. */
export const pipelines: BenchGroup = {
  name: 'pipelines',
  async run(context) {
    const files = await startScript('./static-worker.ts', [context.folder]);
    try {
      return [await fromRest(context, files.url)];
    } finally {
      await files.stop();
    }
  },
};

async function fromRest(context: BenchContext, address: string): Promise<Measurement> {
  const folder = context.path('pipelines');
  mkdirSync(folder);
  const url = `${address}/${basename(context.files.ndjson)}`;
  const source = { kind: 'rest', url };
  writeFileSync(`${folder}/flights.json`, JSON.stringify({ name: 'flights', source, target: { dataset: 'flights' } }));
  const server = await startServer(context.path('pipelines-store'), context.datasets, { PIPELINES_DIR: folder });
  const engine = await openEngine(context.path('limit-rest.duckdb'));
  await engine.run(`CREATE TABLE t (${SYSTEM_COLUMNS}, ${FLIGHTS_COLUMNS})`);
  const fetched = context.path('fetched.ndjson');
  const read = `read_json('${fetched}', format = 'newline_delimited', ${TYPED})`;
  try {
    const times = await alternate(
      context.rounds,
      () => timed(() => run(server.url)),
      () =>
        timed(async () => {
          await promisify(execFile)('curl', ['-s', '-o', fetched, url]);
          await engine.run(`INSERT INTO t SELECT ${SYSTEM_VALUES}, * FROM ${read}`);
        }),
    );
    const perSecond = (milliseconds: number) => (context.uploadRows / milliseconds) * 1000;
    const work = `REST source, NDJSON, ${context.uploadRows / 1e6} M rows`;
    return rate(work, perSecond(times.ours), 'rows/s', perSecond(times.limit), 'curl, then read_json', 0.5);
  } finally {
    engine.close();
    await server.stop();
  }
}

async function run(url: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/pipelines/flights/runs?wait_ms=600000`, { method: 'POST' });
  const { state, error } = (await response.json()) as { state: string; error: unknown };
  if (state !== 'succeeded') throw new Error(`the run ended as ${state}: ${JSON.stringify(error)}`);
}
