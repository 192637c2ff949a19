import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onServer, POSTGRES_MISSING, startPostgresServer } from '../../tests/support/postgres-server.ts';
import type { BenchContext, BenchGroup } from '../context.ts';
import { alternate, timed } from '../harness/engine.ts';
import { upload } from '../harness/load.ts';
import { type BenchServer, startServer } from '../harness/server.ts';
import { figure, type Measurement, rate } from '../harness/table.ts';
import { CONNECTIONS, createOnes, readOnes } from './one-flight.ts';

const run = promisify(execFile);

/** The server's own table. */
const FLIGHTS = 'data_forge."data.flights"';

/** The same work on PostgreSQL, against its own programs on the same server. */
export const postgres: BenchGroup = {
  name: 'postgres',
  async run(context) {
    const missing = POSTGRES_MISSING ?? (await missingPrograms());
    if (missing !== null) {
      console.log(missing);
      return [];
    }
    const database = await startPostgresServer([]);
    const server = await startServer(context.path('postgres'), context.datasets, {
      DB_ENGINE: 'postgres',
      DATABASE_URL: database.url,
    });
    try {
      return [
        ...(await bulk(context, server, database.url)),
        ...(await reads(context, server, database.url)),
        ...(await writes(context, server)),
      ];
    } finally {
      await server.stop();
      await database.dispose();
    }
  },
};

async function missingPrograms(): Promise<string | null> {
  try {
    for (const program of ['psql', 'pgbench']) await run(program, ['--version']);
    return null;
  } catch {
    return 'left out: psql and pgbench are not installed';
  }
}

/**
 * The limit has the table that the server has, with the same indexes, and is given ids and numbers; a table of the five
 * columns alone is shown beside it.
 */
async function bulk(context: BenchContext, server: BenchServer, url: string): Promise<Measurement[]> {
  const load = () => upload(`${server.url}/api/v1/records/flights/bulk`, context.files.ndjson, 'application/x-ndjson');
  await load();
  const whole = context.path('whole.csv');
  await copy(url, `(SELECT * FROM ${FLIGHTS}) TO '${whole}' (FORMAT csv)`);
  const columns = 'date timestamp, delay bigint, distance bigint, origin text, destination text';
  await onServer(url, (client) =>
    client.query(`CREATE TABLE whole (LIKE ${FLIGHTS} INCLUDING ALL); CREATE TABLE bare (${columns})`),
  );
  const times = await alternate(context.rounds, load, async () => {
    await onServer(url, (client) => client.query('TRUNCATE whole'));
    return timed(() => copy(url, `whole FROM '${whole}' (FORMAT csv)`));
  });
  const bare = await timed(() => copy(url, `bare FROM '${context.files.csv}' (FORMAT csv, HEADER)`));
  await onServer(url, (client) => client.query('DROP TABLE whole, bare'));
  const perSecond = (milliseconds: number) => (context.uploadRows / milliseconds) * 1000;
  const [ours, limit] = [perSecond(times.ours), perSecond(times.limit)];
  return [
    rate('PostgreSQL: bulk NDJSON', ours, 'rows/s', limit, 'psql \\copy to such a table', 0.5),
    figure('  psql \\copy to five columns, no index', perSecond(bare), 'rows/s'),
  ];
}

async function copy(url: string, what: string): Promise<void> {
  await run('psql', ['--no-psqlrc', '--quiet', '--command', `\\copy ${what}`, url]);
}

/** A point read against `pgbench -S` on accounts as many as there are flights, or half of the ceiling. */
async function reads(context: BenchContext, server: BenchServer, url: string): Promise<Measurement[]> {
  const work = 'PostgreSQL: GET by id, 64 connections';
  const { ours, bare } = await readOnes(context, server);
  const selects = await selectsASecond(context, url);
  const bySelects = selects * 0.3 < bare.perSecond * 0.5;
  return [
    bySelects
      ? rate(work, ours.perSecond, 'requests/s', selects, 'pgbench -S', 0.3)
      : rate(work, ours.perSecond, 'requests/s', bare.perSecond, 'the ceiling', 0.5),
    figure('  its ceiling, a bare route', bare.perSecond, 'requests/s'),
    figure('  pgbench -S, 64 clients', selects, 'reads/s'),
    figure('  p99', ours.p99, 'ms'),
  ];
}

async function selectsASecond(context: BenchContext, url: string): Promise<number> {
  const scale = Math.ceil((context.uploadRows * context.rounds) / 100_000);
  await run('pgbench', ['--initialize', '--quiet', '--scale', `${scale}`, url]);
  const seconds = `${Math.max(1, Math.round(context.loadMilliseconds / 1000))}`;
  const clients = ['--client', `${CONNECTIONS}`, '--jobs', '2'];
  const { stdout } = await run('pgbench', ['--select-only', '--no-vacuum', '--time', seconds, ...clients, url]);
  const told = /tps = ([\d.]+)/.exec(stdout);
  if (told === null) throw new Error(`pgbench told no rate: ${stdout}`);
  return Number(told[1]);
}

async function writes(context: BenchContext, server: BenchServer): Promise<Measurement[]> {
  const { ours, bare } = await createOnes(context, server);
  return [
    figure('PostgreSQL: POST, 64 connections', ours.perSecond, 'requests/s'),
    figure('  its ceiling, a bare route', bare.perSecond, 'requests/s'),
    figure('  p99', ours.p99, 'ms'),
  ];
}
