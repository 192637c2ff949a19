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

/** Ids of records spread over the whole table. */
export async function someIds(url: string, count: number): Promise<string[]> {
  const response = await fetch(`${url}/api/v1/records/flights/count`);
  const { count: total } = (await response.json()) as { count: number };
  const pages = 20;
  const ids: string[] = [];
  for (let page = 0; page < pages; page++) {
    const size = Math.ceil(count / pages);
    const at = Math.max(1, Math.floor((page * total) / pages / size));
    const answer = await fetch(`${url}/api/v1/records/flights?page=${at}&size=${size}`);
    const { data } = (await answer.json()) as { data: { items: { id: string }[] } };
    ids.push(...data.items.map(({ id }) => id));
  }
  return ids;
}
