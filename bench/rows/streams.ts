import type { DuckDBConnection } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { BenchContext, BenchGroup } from '../context.ts';
import { alternate, timed } from '../harness/engine.ts';
import { download } from '../harness/load.ts';
import { type Measurement, rate } from '../harness/table.ts';
import { flightsInBoth } from './flights.ts';

/** Streams of the big table in each format, against the engine's own COPY or the bare loop over its chunks. */
export const streams: BenchGroup = {
  name: 'streams',
  async run(context) {
    const { server, engine, close } = await flightsInBoth(context, 'streams');
    try {
      const url = `${server.url}/api/v1/records/flights/stream`;
      const copy = (select: string, format: string) =>
        timed(() => engine.run(`COPY (${select}) TO '${context.path('out.tmp')}' (FORMAT ${format})`));
      const flat = `SELECT _id AS id, date, delay, distance, origin, destination, _created_at AS created_at, _updated_at AS updated_at, _version AS version FROM t`;
      const iso = (column: string) => `strftime(${column}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
      const records =
        `SELECT _id AS id, 'flights' AS schema_name, {date: ${iso('date')}, delay: delay, distance: distance, origin: origin, ` +
        `destination: destination} AS data, ${iso('_created_at')} AS created_at, ${iso('_updated_at')} AS updated_at, _version AS version FROM t`;
      const measure = async (
        name: string,
        accept: string,
        against: string,
        least: number,
        limit: () => Promise<number>,
      ) => measureStream(context, name, () => download(url, accept), against, least, limit);
      return [
        await measure('NDJSON', 'application/x-ndjson', 'COPY … (FORMAT json)', 0.9, () => copy(records, 'json')),
        await measure('Arrow', 'application/vnd.apache.arrow.stream', 'the chunk loop', 0.6, () =>
          timed(() => chunkLoop(engine.connection, flat)),
        ),
        await measure('CSV', 'text/csv', 'COPY … (FORMAT csv)', 0.7, () => copy(flat, 'csv')),
        await measure('Parquet', 'application/vnd.apache.parquet', 'COPY … (FORMAT parquet)', 0.7, () =>
          copy(flat, 'parquet'),
        ),
      ];
    } finally {
      await close();
    }
  },
};

async function measureStream(
  context: BenchContext,
  name: string,
  read: () => Promise<{ milliseconds: number }>,
  against: string,
  least: number,
  limit: () => Promise<number>,
): Promise<Measurement> {
  const times = await alternate(context.rounds, async () => (await read()).milliseconds, limit);
  const perSecond = (milliseconds: number) => (context.tableRows / milliseconds) * 1000;
  return rate(`stream ${name}`, perSecond(times.ours), 'rows/s', perSecond(times.limit), against, least);
}

/** Fetches every chunk of a result and touches the data of every column. */
async function chunkLoop(connection: DuckDBConnection, sql: string): Promise<void> {
  const result = await connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    for (let column = 0; column < chunk.columnCount; column++) {
      duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, column), chunk.rowCount * 4);
    }
  }
}
