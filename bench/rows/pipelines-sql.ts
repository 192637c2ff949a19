import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { POSTGRES_MISSING, startPostgresServer } from '../../tests/support/postgres-server.ts';
import { type BenchContext, type BenchGroup, flightsSql } from '../context.ts';
import { alternate, FLIGHTS_COLUMNS, openEngine, SYSTEM_COLUMNS, SYSTEM_VALUES, timed } from '../harness/engine.ts';
import { runPipeline } from '../harness/pipeline.ts';
import { startServer } from '../harness/server.ts';
import { type Measurement, rate } from '../harness/table.ts';

const TYPED =
  "columns = {id: 'BIGINT', date: 'TIMESTAMP', delay: 'BIGINT', distance: 'BIGINT', origin: 'VARCHAR', destination: 'VARCHAR'}";
const TRIPS = {
  name: 'trips',
  properties: [
    { name: 'id', type: 'integer' },
    { name: 'date', type: 'string', db_type: 'TIMESTAMP' },
    { name: 'delay', type: 'integer' },
    { name: 'distance', type: 'integer' },
    { name: 'origin', type: 'string' },
    { name: 'destination', type: 'string' },
  ],
};

/** Pipelines from a table of PostgreSQL, against psql's \copy to a file that the engine then reads. */
export const pipelinesSql: BenchGroup = {
  name: 'pipelines-sql',
  async run(context) {
    const hasPsql = await promisify(execFile)('psql', ['--version']).then(
      () => true,
      () => false,
    );
    if (POSTGRES_MISSING !== null || !hasPsql) {
      console.log(`Left out: ${POSTGRES_MISSING ?? 'there is no psql'}.`);
      return [];
    }
    const postgres = await startPostgresServer();
    try {
      const psql = (command: string) => promisify(execFile)('psql', [postgres.url, '-q', '-c', command]);
      await fill(context, psql);
      const byKey = await fromTable(context, postgres.url, psql, 'by its key', {});
      const newRows = await fromTable(context, postgres.url, psql, 'by a column of new rows', {
        incremental: { column: 'date' },
      });
      return [byKey, { ...newRows, least: null }];
    } finally {
      await postgres.dispose();
    }
  },
};

type Psql = (command: string) => Promise<unknown>;

async function fill(context: BenchContext, psql: Psql): Promise<void> {
  const file = context.path('trips.csv');
  const engine = await openEngine(context.path('make-trips.duckdb'));
  const rows = `SELECT row_number() OVER () AS id, * FROM (${flightsSql(context.uploadRows)})`;
  await engine.run(`COPY (${rows}) TO '${file}' (FORMAT csv, HEADER)`);
  engine.close();
  await psql(
    'CREATE TABLE trips (id bigint PRIMARY KEY, date timestamp, delay bigint, distance bigint, origin text, destination text)',
  );
  await psql(`\\copy trips FROM '${file}' CSV HEADER`);
  await psql('CREATE INDEX ON trips (date)');
  await psql('VACUUM ANALYZE trips');
}

async function fromTable(
  context: BenchContext,
  url: string,
  psql: Psql,
  how: string,
  options: object,
): Promise<Measurement> {
  const name = how.replaceAll(' ', '-');
  const folder = context.path(`trips-${name}`);
  mkdirSync(folder);
  const { uploadRows, rounds } = context;
  const names = Array.from({ length: rounds }, (_, at) => `trips_${at}`);
  for (const pipeline of names) {
    // Each round is the first run of a pipeline of its own.
    const source = { kind: 'sql', url: { secret: 'bench_url' }, table: 'trips', ...options };
    writeFileSync(
      `${folder}/${pipeline}.json`,
      JSON.stringify({ name: pipeline, source, target: { dataset: 'trips' } }),
    );
  }
  const datasets = context.path(`trips-datasets-${name}`);
  mkdirSync(datasets);
  writeFileSync(`${datasets}/trips.json`, JSON.stringify(TRIPS));
  const settings = { PIPELINES_DIR: folder, FORGE_SECRET_bench_url: url };
  const server = await startServer(context.path(`trips-store-${name}`), datasets, settings);
  const engine = await openEngine(context.path(`limit-${name}.duckdb`));
  await engine.run(`CREATE TABLE t (${SYSTEM_COLUMNS}, id BIGINT, ${FLIGHTS_COLUMNS})`);
  const copied = context.path('copied.csv');
  try {
    const times = await alternate(
      rounds,
      () => timed(() => runPipeline(server.url, names.shift() ?? '')),
      () =>
        timed(async () => {
          await psql(`\\copy (SELECT * FROM trips) TO '${copied}' CSV HEADER`);
          await engine.run(
            `INSERT INTO t SELECT ${SYSTEM_VALUES}, * FROM read_csv('${copied}', header = true, ${TYPED})`,
          );
        }),
    );
    const perSecond = (milliseconds: number) => (uploadRows / milliseconds) * 1000;
    const work = `PostgreSQL table, ${uploadRows / 1e6} M rows, ${how}`;
    return rate(work, perSecond(times.ours), 'rows/s', perSecond(times.limit), 'psql \\copy, then read_csv', 0.5);
  } finally {
    engine.close();
    await server.stop();
  }
}
