import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { DbType } from '#domain/dataset/db-type.ts';
import { type BenchContext, type BenchGroup, flightsSql } from '../context.ts';
import { copyBatches } from '../harness/copy-batches.ts';
import {
  alternate,
  type BenchEngine,
  FLIGHTS_COLUMNS,
  openEngine,
  SYSTEM_COLUMNS,
  SYSTEM_VALUES,
  timed,
} from '../harness/engine.ts';
import { upload } from '../harness/load.ts';
import { PYTHON } from '../harness/python.ts';
import { type BenchServer, startServer } from '../harness/server.ts';
import { cost, type Measurement, median, rate } from '../harness/table.ts';

const CLIENT = fileURLToPath(new URL('../harness/flight-client.py', import.meta.url));

/** Arrow Flight to and from a client in C++, against the engine in this process. */
export const flight: BenchGroup = {
  name: 'flight',
  async run(context) {
    if (spawnSync(PYTHON, ['-c', 'import pyarrow.flight']).status !== 0) {
      console.log('Left out: there is no Python with pyarrow; set FORGE_TEST_PYTHON to one that has it.');
      return [];
    }
    const long = (name: string) => `rpad(${name}, 30, '-') AS ${name}`;
    const rows = flightsSql(context.tableRows);
    return [
      await get(context, 'DoGet', rows),
      await get(
        context,
        'DoGet, texts of 30',
        `SELECT * REPLACE (${long('origin')}, ${long('destination')}) FROM (${rows})`,
      ),
      await put(context),
      ...(await queries(context)),
    ];
  },
};

async function get(context: BenchContext, name: string, rows: string): Promise<Measurement> {
  const folder = name.replaceAll(/\W+/g, '-');
  const parquet = context.path(`${folder}.parquet`);
  const engine = await openEngine(context.path(`${folder}.duckdb`));
  const server = await startServer(context.path(folder), context.datasets);
  try {
    await engine.run(`COPY (${rows}) TO '${parquet}' (FORMAT parquet)`);
    await engine.run(`CREATE TABLE t (${SYSTEM_COLUMNS}, ${FLIGHTS_COLUMNS})`);
    await engine.run(`INSERT INTO t SELECT ${SYSTEM_VALUES}, * FROM read_parquet('${parquet}')`);
    await engine.run('CHECKPOINT');
    await upload(`${server.url}/api/v1/records/flights/bulk`, parquet, 'application/vnd.apache.parquet');
    const times = await alternate(
      context.rounds,
      () => client(server, 'get', 'flights'),
      () => timed(() => copyChunks(engine.connection)),
    );
    return compare(`Flight ${name}`, context.tableRows, times, 'chunks copied into Arrow buffers', 0.6);
  } finally {
    engine.close();
    await server.stop();
  }
}

async function put(context: BenchContext): Promise<Measurement> {
  const { parquet } = context.files;
  const engine: BenchEngine = await openEngine(context.path('flight-put.duckdb'));
  const server = await startServer(context.path('flight-put'), context.datasets);
  try {
    await engine.run(`CREATE TABLE t (${SYSTEM_COLUMNS}, ${FLIGHTS_COLUMNS})`);
    const times = await alternate(
      context.rounds,
      () => client(server, 'put', 'flights', parquet),
      () => timed(() => engine.run(`INSERT INTO t SELECT ${SYSTEM_VALUES}, * FROM read_parquet('${parquet}')`)),
    );
    return compare('Flight DoPut', context.uploadRows, times, 'INSERT … FROM read_parquet', 0.5);
  } finally {
    engine.close();
    await server.stop();
  }
}

const SMALL = 'SELECT 42 AS n';

/** SQL by its several roads, and beside another server of Flight SQL where there is one. */
async function queries(context: BenchContext): Promise<Measurement[]> {
  const parquet = context.path('queries.parquet');
  const engine = await openEngine(context.path('queries.duckdb'));
  const server = await startServer(context.path('queries'), context.datasets);
  const other = await startRoapi(parquet, () =>
    engine.run(`COPY (${flightsSql(context.tableRows)}) TO '${parquet}' (FORMAT parquet)`),
  );
  try {
    await upload(`${server.url}/api/v1/records/flights/bulk`, parquet, 'application/vnd.apache.parquet');
    const all = 'SELECT date, delay, distance, origin, destination FROM flights';
    const http = await alternate(
      context.rounds,
      () => client(server, 'http', all),
      () => client(server, 'sql', all),
    );
    const inProcess: number[] = [];
    for (let round = 0; round < 400; round++) inProcess.push(await timed(() => engine.rows(SMALL)));
    const small = await client(server, 'small', SMALL);
    const rows = [
      compare('SQL over HTTP as Arrow', context.tableRows, http, 'Flight SQL, the same query', 0.7),
      cost('ADBC small query, p50', small, 'ms', median(inProcess), 'the same in-process', null),
    ];
    if (other === null) return rows;
    const roapi = await alternate(
      context.rounds,
      () => client(server, 'sql', all),
      () => run(other.flight, 'sql', all),
    );
    return [
      ...rows,
      { ...compare('Flight SQL, all rows', context.tableRows, roapi, 'ROAPI, rows in memory', 1), least: null },
    ];
  } finally {
    await other?.stop();
    engine.close();
    await server.stop();
  }
}

/** ROAPI (https://github.com/roapi/roapi) over the same file, where it is installed beside the client; null where it is not. */
async function startRoapi(
  parquet: string,
  makeFile: () => Promise<void>,
): Promise<{ readonly flight: string; stop(): Promise<void> } | null> {
  await makeFile();
  const program = join(dirname(PYTHON), 'roapi');
  if (!existsSync(program)) {
    console.log('ROAPI is left out: it is not installed beside the Python that FORGE_TEST_PYTHON names.');
    return null;
  }
  const [http, flight] = [await freePort(), await freePort()];
  const args = [
    '--table',
    `flights=${parquet}`,
    '--addr-http',
    `127.0.0.1:${http}`,
    '--addr-flight-sql',
    `127.0.0.1:${flight}`,
  ];
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(`http://127.0.0.1:${http}/health`).catch(() => null);
    if (answer?.ok) break;
    await sleep(100);
  }
  return {
    flight: `grpc://127.0.0.1:${flight}`,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function compare(
  work: string,
  rows: number,
  times: { readonly ours: number; readonly limit: number },
  against: string,
  least: number,
): Measurement {
  const perSecond = (milliseconds: number) => (rows / milliseconds) * 1000;
  return rate(work, perSecond(times.ours), 'rows/s', perSecond(times.limit), against, least);
}

/** Runs the client once; its own start does not count. */
function client(server: BenchServer, what: string, ...args: string[]): Promise<number> {
  if (server.flight === null) throw new Error('the server does not serve Arrow Flight');
  return run(what === 'http' ? `${server.url}/api/v1/query` : server.flight, what, ...args);
}

async function run(address: string, ...args: string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(PYTHON, [CLIENT, address, ...args]);
  return Number(stdout);
}

/** The columns of a flight, as the server sends them. */
const SENT: readonly (readonly [string, DbType])[] = [
  ['_id', { name: 'UUID' }],
  ['date', { name: 'TIMESTAMP' }],
  ['delay', { name: 'BIGINT' }],
  ['distance', { name: 'BIGINT' }],
  ['origin', { name: 'VARCHAR' }],
  ['destination', { name: 'VARCHAR' }],
  ['_created_at', { name: 'TIMESTAMP' }],
  ['_updated_at', { name: 'TIMESTAMP' }],
  ['_version', { name: 'INTEGER' }],
];

/** Copies every chunk of the table into Arrow buffers, which are thrown away. */
async function copyChunks(connection: DuckDBConnection): Promise<void> {
  const sql = `SELECT ${SENT.map(([name]) => name).join(', ')} FROM t`;
  const types = SENT.map(([, type]) => type);
  let rows = 0;
  for await (const { length } of copyBatches(connection, sql, types)) rows += length;
  if (rows === 0) throw new Error('there was nothing to copy');
}
