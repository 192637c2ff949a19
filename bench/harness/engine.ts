import { rmSync } from 'node:fs';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { median } from './table.ts';

/** The engine in this process, on tables like the server's: the limit that most rows are held against. */
export interface BenchEngine {
  readonly connection: DuckDBConnection;
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<unknown[][]>;
  close(): void;
}

const ROW_GROUP_SIZE = 12_288;

export async function openEngine(
  file: string,
  memoryLimit = '4GB',
  rowGroupSize = ROW_GROUP_SIZE,
): Promise<BenchEngine> {
  for (const path of [file, `${file}.wal`]) rmSync(path, { force: true });
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: memoryLimit });
  const connection = await instance.connect();
  await connection.run(`ATTACH '${file.replaceAll("'", "''")}' AS store (ROW_GROUP_SIZE ${rowGroupSize})`);
  await connection.run('USE store');
  await connection.run(`SET TimeZone = 'UTC'`);
  return {
    connection,
    run: async (sql) => {
      await connection.run(sql);
    },
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRows() as unknown[][],
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

export const SYSTEM_COLUMNS =
  '_id UUID, _created_at TIMESTAMP, _updated_at TIMESTAMP, _version INTEGER, _seq BIGINT, _locator BIGINT, _origin INTEGER';

export const FLIGHTS_COLUMNS = 'date TIMESTAMP, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR';

/** What the engine fills the system columns with where it is left to itself. */
export const SYSTEM_VALUES = 'uuidv7(), now()::TIMESTAMP, now()::TIMESTAMP, 1, 1, 1, 1';

/** Runs two works in turn, so that both meet the same weather; resolves with the median milliseconds of each. */
export async function alternate(
  rounds: number,
  ours: () => Promise<number>,
  limit: () => Promise<number>,
): Promise<{ ours: number; limit: number }> {
  const a: number[] = [];
  const b: number[] = [];
  for (let round = 0; round < rounds; round++) {
    b.push(await limit());
    a.push(await ours());
  }
  return { ours: median(a), limit: median(b) };
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
