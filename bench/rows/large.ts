import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { type BenchContext, type BenchGroup, flightsSql } from '../context.ts';
import { openEngine, timed } from '../harness/engine.ts';
import { download, runLoad, upload } from '../harness/load.ts';
import { startServer } from '../harness/server.ts';
import { cost, figure, type Measurement } from '../harness/table.ts';
import { someIds } from './flights.ts';

const ENGINE_MEMORY = '512MB';

/** One upload in and one stream out with little memory for the engine: the process's peak, and the store's size. */
export const memory: BenchGroup = {
  name: 'memory',
  async run(context) {
    const measurements: Measurement[] = [];
    const peaks: number[] = [];
    for (const rows of context.quick ? [50_000, 200_000] : [3_000_000, 12_000_000]) {
      const { peak, storeBytes } = await loadAndStream(context, rows);
      peaks.push(peak);
      measurements.push(
        figure(
          `peak memory, ${millions(rows)} rows in and out, engine ${ENGINE_MEMORY}`,
          peak,
          'MB',
          'to stay under 900',
        ),
      );
      const plain = await plainTableBytes(context, rows);
      measurements.push(
        cost(
          `store file, ${millions(rows)} rows`,
          storeBytes / 1e6,
          'MB',
          plain / 1e6,
          'the engine’s own table',
          1 / 1.5,
        ),
      );
    }
    const [small = 0, large = 0] = peaks;
    measurements.push(figure('  the larger over the smaller', large / small, '×', 'to stay under 1.1'));
    measurements.push(await naturalKeyCost(context), await startTime(context));
    return measurements;
  },
};

async function loadAndStream(context: BenchContext, rows: number): Promise<{ peak: number; storeBytes: number }> {
  const file = context.path(`flights-${rows}.ndjson`);
  const engine = await openEngine(context.path('make-large.duckdb'));
  await engine.run(
    `COPY (SELECT strftime(date, '%Y-%m-%dT%H:%M:%SZ') AS date, * EXCLUDE (date) FROM (${flightsSql(rows)})) TO '${file}' (FORMAT json)`,
  );
  engine.close();
  const dataDir = context.path(`memory-${rows}`);
  const server = await startServer(dataDir, context.datasets, { ENGINE_MEMORY });
  try {
    await upload(`${server.url}/api/v1/records/flights/bulk`, file, 'application/x-ndjson');
    await download(`${server.url}/api/v1/records/flights/stream`, 'application/x-ndjson');
    const peak = (server.peakMemory() ?? Number.NaN) / 1e6;
    await server.stop();
    return { peak, storeBytes: statSync(`${dataDir}/store.duckdb`).size };
  } finally {
    await server.stop();
  }
}

/** The same columns in a table as the engine makes it, without an index. */
async function plainTableBytes(context: BenchContext, rows: number): Promise<number> {
  const file = context.path('plain.duckdb');
  const engine = await openEngine(file, '4GB', 122_880);
  await engine.run(
    `CREATE TABLE t AS SELECT uuidv7() AS id, *, now()::TIMESTAMP AS created_at, now()::TIMESTAMP AS updated_at, 1 AS version FROM (${flightsSql(rows)})`,
  );
  await engine.run('CHECKPOINT');
  engine.close();
  return statSync(file).size;
}

/** How much of a file the index of a natural key takes. */
async function naturalKeyCost(context: BenchContext): Promise<Measurement> {
  const rows = context.quick ? 50_000 : 1_000_000;
  const source = `SELECT range AS n, 'row ' || range AS text FROM range(${rows})`;
  const parquet = context.path('keyed.parquet');
  const engine = await openEngine(context.path('make-keyed.duckdb'));
  await engine.run(`COPY (${source}) TO '${parquet}' (FORMAT parquet)`);
  engine.close();
  const sizes: number[] = [];
  for (const key of [false, true]) {
    const folder = context.path(`keyed-${key}`);
    mkdirSync(folder);
    const properties = [
      { name: 'n', type: 'integer' },
      { name: 'text', type: 'string' },
    ];
    writeFileSync(
      `${folder}/t.json`,
      JSON.stringify({ name: 't', properties, ...(key ? { primary_key: ['n'] } : {}) }),
    );
    const server = await startServer(`${folder}/data`, folder);
    await upload(`${server.url}/api/v1/records/t/bulk`, parquet, 'application/vnd.apache.parquet');
    await server.stop();
    sizes.push(statSync(`${folder}/data/store.duckdb`).size);
  }
  const [without = 0, with_ = 0] = sizes;
  return figure('index of a natural key of one integer', (with_ - without) / rows, 'bytes a row');
}

async function startTime(context: BenchContext): Promise<Measurement> {
  const rows = context.quick ? 50_000 : 3_000_000;
  const took = await timed(async () => {
    const server = await startServer(context.path(`memory-${rows}`), context.datasets);
    await (await fetch(`${server.url}/api/v1/records/flights?size=1`)).arrayBuffer();
    await server.stop();
  });
  return figure(`start, first answer and stop, ${millions(rows)} rows`, took, 'ms');
}

/** Point reads on a table of 12 million rows, with an index on the id and without. */
export const largeReads: BenchGroup = {
  name: 'large-reads',
  async run(context) {
    const rows = context.quick ? 100_000 : 12_000_000;
    const parquet = context.path('large.parquet');
    const engine = await openEngine(context.path('make-reads.duckdb'));
    await engine.run(`COPY (${flightsSql(rows)}) TO '${parquet}' (FORMAT parquet)`);
    engine.close();
    const measurements: Measurement[] = [];
    for (const idIndex of ['never', 'always']) {
      const folder = context.path(`reads-${idIndex}`);
      mkdirSync(folder);
      const properties = [
        { name: 'date', type: 'string', db_type: 'TIMESTAMP' },
        { name: 'delay', type: 'integer' },
        { name: 'distance', type: 'integer' },
        { name: 'origin', type: 'string' },
        { name: 'destination', type: 'string' },
      ];
      writeFileSync(`${folder}/flights.json`, JSON.stringify({ name: 'flights', id_index: idIndex, properties }));
      const server = await startServer(`${folder}/data`, folder);
      const took = await upload(`${server.url}/api/v1/records/flights/bulk`, parquet, 'application/vnd.apache.parquet');
      const ids = await someIds(server.url, 2000);
      const next = () =>
        ({ method: 'GET', path: `/api/v1/records/flights/${ids[Math.floor(Math.random() * ids.length)]}` }) as const;
      await runLoad(server.url, 64, context.loadMilliseconds, next);
      const load = await runLoad(server.url, 64, context.loadMilliseconds, next);
      await server.stop();
      const words = idIndex === 'never' ? 'without an index on id' : 'with an index on id';
      measurements.push(figure(`point reads of ${millions(rows)} rows, ${words}`, load.perSecond, 'requests/s'));
      measurements.push(figure(`  loading them, ${words}`, (rows / took) * 1000, 'rows/s'));
    }
    return measurements;
  },
};

function millions(rows: number): string {
  return rows >= 1e6 ? `${rows / 1e6} M` : `${rows / 1e3} k`;
}
