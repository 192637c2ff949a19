import type { BenchContext, BenchGroup } from '../context.ts';
import { startCeiling } from '../harness/ceiling.ts';
import { FLIGHTS_COLUMNS, openEngine, SYSTEM_COLUMNS, timed } from '../harness/engine.ts';
import { runLoad } from '../harness/load.ts';
import { type BenchServer, startServer } from '../harness/server.ts';
import { cost, type Measurement, median, rate } from '../harness/table.ts';
import { flightsInBoth, someIds } from './flights.ts';
import { besideCeiling, CONNECTIONS, CREATE_ONE, FLIGHT, readAnyOf } from './one-flight.ts';
import { readsBeside } from './reads-beside.ts';

/** Single writes: every answer is on disk. */
export const singleWrites: BenchGroup = {
  name: 'writes',
  async run(context) {
    const server = await startServer(context.path('writes'), context.datasets);
    const ceiling = await startCeiling(server, CREATE_ONE);
    try {
      const load = (target: BenchServer, connections: number) =>
        runLoad(target.url, connections, context.loadMilliseconds, () => CREATE_ONE);
      await load(server, CONNECTIONS);
      const commits = await commitsASecond(context);
      const bare = await load(ceiling, CONNECTIONS);
      const many = await load(server, CONNECTIONS);
      const one = await load(server, 1);
      return [
        ...besideCeiling('POST /records, 64 connections', many, bare, commits, 'one INSERT a commit', 10),
        rate(
          'POST /records, 1 connection',
          one.perSecond,
          'writes/s',
          await commitsASecond(context),
          'one INSERT a commit',
          0.6,
        ),
      ];
    } finally {
      await server.stop();
      await ceiling.stop();
    }
  },
};

/** Point reads over the big table, and a page of it. */
export const pointReads: BenchGroup = {
  name: 'reads',
  async run(context) {
    const { server, engine, close } = await flightsInBoth(context, 'reads');
    const ids = await someIds(server.url, 2000);
    const next = readAnyOf(ids);
    const ceiling = await startCeiling(server, next());
    try {
      const load = (target: BenchServer) => runLoad(target.url, CONNECTIONS, context.loadMilliseconds, next);
      await load(server);
      const indexed = await indexedReadsASecond(context, engine);
      const bare = await load(ceiling);
      const reads = await load(server);
      return [
        ...besideCeiling(
          'GET /records/{schema}/{id}, 64 connections',
          reads,
          bare,
          indexed,
          'prepared read on an index',
          6,
        ),
        await filteredPage(context, server, engine),
        ...(await readsBesideStreams(context, server, ids)),
      ];
    } finally {
      await ceiling.stop();
      await close();
    }
  },
};

async function commitsASecond(context: BenchContext): Promise<number> {
  const engine = await openEngine(context.path('limit-commits.duckdb'));
  await engine.run(`CREATE TABLE t (${SYSTEM_COLUMNS}, ${FLIGHTS_COLUMNS})`);
  const insert = await engine.connection.prepare(
    `INSERT INTO t VALUES (uuidv7(), now()::TIMESTAMP, now()::TIMESTAMP, 1, $1, $1, 1, $2::TIMESTAMP, $3, $4, $5, $6)`,
  );
  let count = 0;
  const end = performance.now() + context.loadMilliseconds;
  const took = await timed(async () => {
    while (performance.now() < end) {
      insert.bindBigInt(1, BigInt(++count));
      insert.bindVarchar(2, FLIGHT.date);
      insert.bindBigInt(3, 33n);
      insert.bindBigInt(4, 2176n);
      insert.bindVarchar(5, FLIGHT.origin);
      insert.bindVarchar(6, FLIGHT.destination);
      await insert.run();
    }
  });
  engine.close();
  return (count / took) * 1000;
}

type Engine = Awaited<ReturnType<typeof flightsInBoth>>['engine'];

async function indexedReadsASecond(context: BenchContext, engine: Engine): Promise<number> {
  await engine.run('CREATE TABLE indexed AS FROM t');
  await engine.run('CREATE UNIQUE INDEX by_id ON indexed (_id)');
  const ids = (await engine.rows('SELECT _id::VARCHAR FROM indexed USING SAMPLE 1000 ROWS')).map(([id]) => String(id));
  const read = await engine.connection.prepare('SELECT * FROM indexed WHERE _id = $1::UUID');
  let count = 0;
  const end = performance.now() + context.loadMilliseconds;
  const took = await timed(async () => {
    while (performance.now() < end) {
      read.bindVarchar(1, ids[count++ % ids.length] ?? '');
      await read.runAndReadAll();
    }
  });
  await engine.run('DROP TABLE indexed');
  return (count / took) * 1000;
}

async function filteredPage(context: BenchContext, server: BenchServer, engine: Engine): Promise<Measurement> {
  const filters = [
    { field: 'distance', operator: 'gt', value: 1500 },
    { field: 'origin', operator: 'eq', value: 'SEA' },
  ];
  const sort = [{ field: 'delay', order: 'desc' }];
  const url = `${server.url}/api/v1/records/flights?size=100&filters=${encodeURIComponent(JSON.stringify(filters))}&sort=${encodeURIComponent(JSON.stringify(sort))}`;
  const where = `distance > 1500 AND origin = 'SEA'`;
  const sql =
    `SELECT c.total, p.* FROM (SELECT count(*) AS total FROM t WHERE ${where}) c, ` +
    `(SELECT * FROM t WHERE ${where} ORDER BY delay DESC NULLS LAST, _id LIMIT 100) p`;
  const ours: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < (context.quick ? 5 : 40); round++) {
    limits.push(await timed(() => engine.rows(sql)));
    ours.push(await timed(async () => (await fetch(url)).arrayBuffer()));
  }
  return cost('page of 100, two filters, a sort, p50', median(ours), 'ms', median(limits), 'the same SQL', 0.7);
}

async function readsBesideStreams(
  context: BenchContext,
  server: BenchServer,
  ids: readonly string[],
): Promise<Measurement[]> {
  const measurements: Measurement[] = [await readsBeside(context, server, ids, null)];
  for (const clients of [4, 16]) {
    const path = '/api/v1/records/flights/stream';
    measurements.push(
      await readsBeside(context, server, ids, { what: `${clients} streams`, clients, path, body: null }),
    );
  }
  return measurements;
}
