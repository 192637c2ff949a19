import { type BenchContext, flightsSql } from '../context.ts';
import { type BenchEngine, FLIGHTS_COLUMNS, openEngine, SYSTEM_COLUMNS, SYSTEM_VALUES } from '../harness/engine.ts';
import { upload } from '../harness/load.ts';
import { type BenchServer, startServer } from '../harness/server.ts';

/** The big table twice: behind the server, and in an engine of this process. */
export async function flightsInBoth(
  context: BenchContext,
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ server: BenchServer; engine: BenchEngine; close: () => Promise<void> }> {
  const engine = await openEngine(context.path(`${name}-limit.duckdb`));
  const parquet = context.path('table.parquet');
  await engine.run(`COPY (${flightsSql(context.tableRows)}) TO '${parquet}' (FORMAT parquet)`);
  await engine.run(`CREATE TABLE t (${SYSTEM_COLUMNS}, ${FLIGHTS_COLUMNS})`);
  await engine.run(`INSERT INTO t SELECT ${SYSTEM_VALUES}, * FROM read_parquet('${parquet}')`);
  await engine.run('CHECKPOINT');
  const server = await startServer(context.path(name), context.datasets, settings);
  await upload(`${server.url}/api/v1/records/flights/bulk`, parquet, 'application/vnd.apache.parquet');
  return {
    server,
    engine,
    close: async () => {
      engine.close();
      await server.stop();
    },
  };
}

/** Ids of records spread evenly over the whole table. */
export async function someIds(url: string, count: number): Promise<string[]> {
  const counted = await fetch(`${url}/api/v1/records/flights/count`);
  const { count: total } = (await counted.json()) as { count: number };
  const step = Math.max(1, Math.floor(total / count));
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
    body: JSON.stringify({ sql: 'SELECT id FROM flights WHERE _seq % $1 = 0', params: [step] }),
  });
  if (!response.ok) throw new Error(`no ids: ${await response.text()}`);
  return (await response.text())
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
}
