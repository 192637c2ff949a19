import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BenchContext, type BenchGroup, flightsSql } from '../context.ts';
import { alternate, FLIGHTS_COLUMNS, openEngine, SYSTEM_COLUMNS, SYSTEM_VALUES, timed } from '../harness/engine.ts';
import { runPipeline } from '../harness/pipeline.ts';
import { PYTHON } from '../harness/python.ts';
import { type BenchServer, startScript, startServer } from '../harness/server.ts';
import { figure, type Measurement, rate } from '../harness/table.ts';

const TYPED = `columns = {date: 'TIMESTAMP', delay: 'BIGINT', distance: 'BIGINT', origin: 'VARCHAR', destination: 'VARCHAR'}`;

const DLT = fileURLToPath(new URL('../harness/dlt-load.py', import.meta.url));

/** Pipelines from a server of files, against fetching the same with curl and letting the engine read it, and against dlt. */
export const pipelines: BenchGroup = {
  name: 'pipelines',
  async run(context) {
    const files = await startScript('./static-worker.ts', [context.folder]);
    try {
      return [...(await fromRest(context, files.url)), ...(await memory(context, files.url))];
    } finally {
      await files.stop();
    }
  },
};

async function fromRest(context: BenchContext, address: string): Promise<Measurement[]> {
  const url = `${address}/${basename(context.files.ndjson)}`;
  const server = await startPipeline(context, 'pipelines', url);
  const engine = await openEngine(context.path('limit-rest.duckdb'));
  await engine.run(`CREATE TABLE t (${SYSTEM_COLUMNS}, ${FLIGHTS_COLUMNS})`);
  const fetched = context.path('fetched.ndjson');
  const read = `read_json('${fetched}', format = 'newline_delimited', ${TYPED})`;
  try {
    const times = await alternate(
      context.rounds,
      () => timed(() => runPipeline(server.url, 'flights')),
      () =>
        timed(async () => {
          await promisify(execFile)('curl', ['-s', '-o', fetched, url]);
          await engine.run(`INSERT INTO t SELECT ${SYSTEM_VALUES}, * FROM ${read}`);
        }),
    );
    const perSecond = (milliseconds: number) => (context.uploadRows / milliseconds) * 1000;
    const work = `REST source, NDJSON, ${context.uploadRows / 1e6} M rows`;
    const ours = perSecond(times.ours);
    return [
      rate(work, ours, 'rows/s', perSecond(times.limit), 'curl, then read_json', 0.5),
      ...(await besideDlt(context, url, ours)),
    ];
  } finally {
    engine.close();
    await server.stop();
  }
}

/** The same load by dlt, its rows handed over as objects, and as tables of Arrow, which is its quickest road. */
async function besideDlt(context: BenchContext, url: string, ours: number): Promise<Measurement[]> {
  if (spawnSync(PYTHON, ['-c', 'import dlt, duckdb, pyarrow']).status !== 0) {
    console.log(
      'dlt is left out: there is no Python with dlt, duckdb and pyarrow; set FORGE_TEST_PYTHON to one that has them.',
    );
    return [];
  }
  const dlt = async (road: 'objects' | 'tables') => {
    const { stdout } = await promisify(execFile)(PYTHON, [DLT, url, context.folder, road]);
    const { seconds, rows } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    if (rows !== context.uploadRows) throw new Error(`dlt has loaded ${rows} rows of ${context.uploadRows}`);
    return rows / seconds;
  };
  return [
    rate('  the same', ours, 'rows/s', await dlt('objects'), 'dlt, rows as objects', 3),
    rate('  the same', ours, 'rows/s', await dlt('tables'), 'dlt, tables of Arrow', null),
  ];
}

/** The memory of the server while it fetches few rows, and many, with little for the engine. */
async function memory(context: BenchContext, address: string): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const rows of context.quick ? [50_000, 200_000] : [3_000_000, 10_000_000]) {
    const name = `memory-${rows}`;
    const file = context.path(`${name}.ndjson`);
    const engine = await openEngine(context.path(`${name}.duckdb`));
    const date = `strftime(date, '%Y-%m-%dT%H:%M:%SZ') AS date, * EXCLUDE (date)`;
    await engine.run(`COPY (SELECT ${date} FROM (${flightsSql(rows)})) TO '${file}' (FORMAT json)`);
    engine.close();
    const server = await startPipeline(context, name, `${address}/${basename(file)}`, { ENGINE_MEMORY: '256MB' });
    try {
      const idle = server.memory() ?? Number.NaN;
      await runPipeline(server.url, 'flights');
      const above = ((server.peakMemory() ?? Number.NaN) - idle) / 1e6;
      const work = `memory above idle, REST source, ${rows / 1e6} M rows (${Math.round(statSync(file).size / 1e6)} MB)`;
      measurements.push(figure(work, above, 'MB', 'to stay under 500'));
    } finally {
      await server.stop();
    }
  }
  return measurements;
}

/** A server with a pipeline that fetches flights from an address. */
function startPipeline(
  context: BenchContext,
  name: string,
  url: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const folder = context.path(`${name}-files`);
  mkdirSync(folder);
  const source = { kind: 'rest', url };
  writeFileSync(`${folder}/flights.json`, JSON.stringify({ name: 'flights', source, target: { dataset: 'flights' } }));
  return startServer(context.path(`${name}-store`), context.datasets, { PIPELINES_DIR: folder, ...settings });
}
