import { createReadStream, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import type { BenchContext, BenchGroup } from '../context.ts';
import { alternate, timed } from '../harness/engine.ts';
import { upload } from '../harness/load.ts';
import { type BenchServer, startServer } from '../harness/server.ts';
import { type Measurement, rate } from '../harness/table.ts';
import { besideCeiling, createOnes, FLIGHT, readOnes } from './one-flight.ts';

const COLUMNS =
  '_row INTEGER PRIMARY KEY, _id TEXT NOT NULL, _created_at INTEGER NOT NULL, _updated_at INTEGER NOT NULL, ' +
  '_version INTEGER NOT NULL, _seq INTEGER NOT NULL, _origin INTEGER NOT NULL, _foreign INTEGER, ' +
  'date INTEGER, delay INTEGER, distance INTEGER, origin TEXT, destination TEXT';
const INSERT = `INSERT INTO t VALUES (?1, ?2, ?3, ?3, 1, ?1, 1, NULL, ?4, ?5, ?6, ?7, ?8)`;

/** The same work on SQLite, against `node:sqlite` in this process on a table like the server's. */
export const sqlite: BenchGroup = {
  name: 'sqlite',
  async run(context) {
    const server = await startServer(context.path('sqlite'), context.datasets, { DB_ENGINE: 'sqlite' });
    try {
      return [await bulk(context, server), ...(await reads(context, server)), ...(await writes(context, server))];
    } finally {
      await server.stop();
    }
  },
};

async function bulk(context: BenchContext, server: BenchServer): Promise<Measurement> {
  const { ndjson } = context.files;
  const database = openTable(context.path('limit.sqlite'));
  const times = await alternate(
    context.rounds,
    () => upload(`${server.url}/api/v1/records/flights/bulk`, ndjson, 'application/x-ndjson'),
    () => timed(() => insertLines(database, ndjson)),
  );
  database.close();
  const perSecond = (milliseconds: number) => (context.uploadRows / milliseconds) * 1000;
  const against = 'JSON.parse and INSERT a line';
  return rate('SQLite: bulk NDJSON', perSecond(times.ours), 'rows/s', perSecond(times.limit), against, 0.8);
}

/** The limit: each line parsed and inserted by a prepared statement, in one transaction. */
async function insertLines(database: DatabaseSync, file: string): Promise<void> {
  const insert = database.prepare(INSERT);
  let row = Number(database.prepare('SELECT coalesce(max(_row), 0) AS last FROM t').get()?.last);
  database.exec('BEGIN');
  for await (const line of createInterface({ input: createReadStream(file, { highWaterMark: 1 << 20 }) })) {
    const { date, delay, distance, origin, destination } = JSON.parse(line);
    const micros = Date.parse(date) * 1000;
    insert.run(++row, `id-${row}`, micros, micros, delay, distance, origin, destination);
  }
  database.exec('COMMIT');
}

async function reads(context: BenchContext, server: BenchServer): Promise<Measurement[]> {
  const { ours, bare } = await readOnes(context, server);
  return [rate('SQLite: GET by id, 64 connections', ours.perSecond, 'requests/s', bare.perSecond, 'the ceiling', 0.5)];
}

async function writes(context: BenchContext, server: BenchServer): Promise<Measurement[]> {
  const commits = commitsASecond(context);
  const { ours, bare } = await createOnes(context, server);
  return besideCeiling('SQLite: POST, 64 connections', ours, bare, commits, 'one INSERT a commit', 8);
}

function commitsASecond(context: BenchContext): number {
  const database = openTable(context.path('limit-commits.sqlite'));
  const insert = database.prepare(INSERT);
  const { date, delay, distance, origin, destination } = FLIGHT;
  const end = performance.now() + context.loadMilliseconds;
  let row = 0;
  const started = performance.now();
  while (performance.now() < end) {
    insert.run(++row, `id-${row}`, Date.now() * 1000, Date.parse(date) * 1000, delay, distance, origin, destination);
  }
  const seconds = (performance.now() - started) / 1000;
  database.close();
  return row / seconds;
}

/** An empty table in a file of its own, as durable as the server's. */
function openTable(path: string): DatabaseSync {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec(`CREATE TABLE t (${COLUMNS}) STRICT`);
  return database;
}
