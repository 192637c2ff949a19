import { access, constants, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { MIGRATION_MARK } from '#application/ports/store-transfer.ts';
import { DataForgeError } from '#domain/errors.ts';
import { unfinishedCopy } from '../shared/unfinished-copy.ts';
import { literal } from '../sql/identifier.ts';
import { translateOpenError } from './duckdb-errors.ts';
import { META_TABLES, ROW_GROUP_SIZE, STORE_FORMAT } from './duckdb-layout.ts';
import { DuckDbSession } from './duckdb-session.ts';

export const STORE_FILE = 'store.duckdb';
/**
 * `statistics_propagation`: a prepared statement keeps a plan that was folded by the statistics of the rows there were;
 * rows that come later are then cut, miscounted or missed (docs/adr/0009). `row_group_pruner`: `ORDER BY … LIMIT` reads
 * only the row groups whose bounds promise enough rows, and counts rows in that were deleted or changed since.
 */
const UNSAFE_OPTIMIZERS = 'statistics_propagation,row_group_pruner';
/** Up to so many values on one side of a join the engine skips row groups of the other side by them. */
const MAX_SKIPPING_VALUES = 1000;

/** How far the engine makes rows ahead of who reads a stream. */
const STREAMING_BUFFER = '4MB';

export interface InstanceOptions {
  readonly dataDir: string;
  /** As the engine writes it (`512MB`); null for its own choice. */
  readonly memoryLimit: string | null;
  /** null for one a core. */
  readonly threads: number | null;
}

/** Makes the folder of a store. @throws DataForgeError `store_read_only` */
export async function prepareFolder(dataDir: string, path: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK);
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (exists) await access(path, constants.W_OK | constants.R_OK);
  } catch (error) {
    throw new DataForgeError(
      'store_read_only',
      `The store ${path} cannot be written; give this user write access to the file and its folder.`,
      { cause: error },
    );
  }
}

/** The instance itself is in memory; the store is attached, because only then its row groups can be of our size. */
export async function createInstance({ dataDir, memoryLimit, threads }: InstanceOptions): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', {
    temp_directory: join(dataDir, 'tmp'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    disabled_optimizers: UNSAFE_OPTIMIZERS,
    ...(memoryLimit === null ? {} : { memory_limit: memoryLimit }),
    ...(threads === null ? {} : { threads: String(threads) }),
  });
}

/** Opens the store file in an instance, to be written or only read. @returns the first session on it */
export async function attach(
  instance: DuckDBInstance,
  path: string,
  dataDir: string,
  mode: 'write' | 'read' = 'write',
): Promise<DuckDbSession> {
  const connection = await instance.connect();
  try {
    await connection.run(attachment(path, mode));
  } catch (error) {
    throw translateOpenError(error, path);
  } finally {
    connection.closeSync();
  }
  const session = await openSession(instance);
  await session.execute(`SET GLOBAL TimeZone = 'UTC'`);
  await session.execute(`SET GLOBAL dynamic_or_filter_threshold = ${MAX_SKIPPING_VALUES}`);
  await session.execute(`SET GLOBAL allowed_directories = [${literal(dataDir)}]`);
  await session.execute('SET GLOBAL enable_external_access = false');
  return session;
}

/**
 * Opens a file anew that the engine has given up. Nobody may hold a session on it that is not retired.
 * @throws DataForgeError where it cannot be opened yet; it may be tried again
 */
export async function reattach(instance: DuckDBInstance, path: string): Promise<void> {
  const connection = await instance.connect();
  try {
    await connection.run('DETACH DATABASE IF EXISTS store');
    await connection.run(attachment(path, 'write'));
  } catch (error) {
    throw translateOpenError(error, path);
  } finally {
    connection.closeSync();
  }
}

function attachment(path: string, mode: 'write' | 'read'): string {
  const options = mode === 'read' ? 'READ_ONLY' : `ROW_GROUP_SIZE ${ROW_GROUP_SIZE}`;
  return `ATTACH ${literal(path)} AS store (${options})`;
}

/** A new connection that sees the store as its own database. @param onGivenUp see `DuckDbSession` */
export async function openSession(instance: DuckDBInstance, onGivenUp?: () => void): Promise<DuckDbSession> {
  const session = new DuckDbSession(await instance.connect(), onGivenUp);
  await session.execute('USE store');
  await session.execute(`SET streaming_buffer_size = '${STREAMING_BUFFER}'`);
  return session;
}

/** Makes the tables of the platform where they are not there. @throws DataForgeError `store_newer` */
export async function prepareMeta(session: DuckDbSession, path: string): Promise<void> {
  for (const statement of META_TABLES) await session.execute(statement);
  if ((await checkFormat(session, path)) === null) {
    await session.run(`INSERT INTO forge.meta VALUES ('format', $1)`, [String(STORE_FORMAT)]);
  }
}

/** @returns the format of a store; null for one that was never written to. @throws DataForgeError `store_newer` */
export async function checkFormat(session: DuckDbSession, path: string): Promise<number | null> {
  const [row] = await session.rows(`SELECT value FROM forge.meta WHERE name = 'format'`);
  if (row === undefined) return null;
  if (Number(row[0]) > STORE_FORMAT) {
    throw new DataForgeError(
      'store_newer',
      `The store ${path} has format ${row[0]} and this version reads up to ${STORE_FORMAT}; start the version of Data Forge that wrote it.`,
    );
  }
  return Number(row[0]);
}

/** @throws DataForgeError `store_unfinished` where the store is a copy that is not whole */
export async function refuseUnfinished(session: DuckDbSession, path: string): Promise<void> {
  const unfinished = `SELECT 1 FROM forge.marks WHERE kind = '${MIGRATION_MARK}' AND key = 'unfinished'`;
  if ((await session.rows(unfinished)).length > 0) throw unfinishedCopy(path);
}
