import { access, constants, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, version } from '@duckdb/node-api';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { EngineCapabilities, StorageEngine } from '#application/ports/storage-engine.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { DuckDbChangeLog } from './duckdb-changes.ts';
import { DuckDbDatasets } from './duckdb-datasets.ts';
import { translateOpenError } from './duckdb-errors.ts';
import { META_TABLES, ROW_GROUP_SIZE, STORE_FORMAT } from './duckdb-layout.ts';
import { BLOCK_SIZES, type BlockSizes } from './duckdb-load-context.ts';
import { DuckDbLoader } from './duckdb-loader.ts';
import { LOCATOR_INDEX_LIMITS, type LocatorIndexLimits, readLocatorIndexes } from './duckdb-locator-indexes.ts';
import { DuckDbMaintenance } from './duckdb-maintenance.ts';
import { DuckDbOrigins } from './duckdb-origins.ts';
import { DuckDbReader } from './duckdb-reader.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { prepareSpool } from './duckdb-spool.ts';
import { DuckDbSqlRunner } from './duckdb-sql-runner.ts';
import { DuckDbStore, openSession } from './duckdb-store.ts';
import { DuckDbStoredRelations } from './duckdb-stored-relations.ts';
import { readTrimmed } from './duckdb-trim.ts';
import { DuckDbWriter } from './duckdb-writer.ts';

export interface DuckDbEngineOptions {
  readonly dataDir: string;
  /** As the engine writes it (`512MB`); null for its own choice. */
  readonly memoryLimit: string | null;
  /** null for one a core. */
  readonly threads: number | null;
  readonly compilePattern: CompilePattern;
  readonly gate: AdmissionGate;
  /** How much of an upload is staged at once; tests take less. */
  readonly blocks?: BlockSizes;
  /** When tables get an index on their locators; tests ask for it sooner. */
  readonly locatorIndexes?: LocatorIndexLimits;
}

const DUCKDB_CAPABILITIES: EngineCapabilities = {
  rendersNatively: ['ndjson', 'ndjson-flat', 'csv', 'arrow', 'parquet'],
  sharedByInstances: false,
  durable: true,
  dialect: 'duckdb',
};

const STORE_FILE = 'store.duckdb';
/**
 * `statistics_propagation`: a prepared statement keeps a plan that was folded by the statistics of the rows there were;
 * rows that come later are then cut, miscounted or missed (docs/adr/0009). `row_group_pruner`: `ORDER BY … LIMIT` reads
 * only the row groups whose bounds promise enough rows, and counts rows in that were deleted or changed since.
 */
const UNSAFE_OPTIMIZERS = 'statistics_propagation,row_group_pruner';
/** Up to so many values on one side of a join the engine skips row groups of the other side by them. */
const MAX_SKIPPING_VALUES = 1000;

/**
 * Opens the store of a data folder, making it where there is none.
 * @throws DataForgeError `store_locked`, `store_read_only`, `store_newer` or `store_damaged`
 */
export async function openDuckDbEngine(options: DuckDbEngineOptions): Promise<StorageEngine> {
  const spoolDir = join(options.dataDir, 'spool');
  const path = join(options.dataDir, STORE_FILE);
  await prepareFolder(options.dataDir, path);
  const instance = await createInstance(options);
  try {
    const writer = await attach(instance, path, options.dataDir);
    // Only now: as long as another process has the store, what lies in the spool is that one's.
    await prepareSpool(spoolDir);
    await prepareMeta(writer, path);
    const store = new DuckDbStore({
      instance,
      path,
      options: {
        ...options,
        spoolDir,
        blocks: options.blocks ?? BLOCK_SIZES,
        locatorIndexes: options.locatorIndexes ?? LOCATOR_INDEX_LIMITS,
      },
      head: await readHead(writer),
      writer,
      origins: await DuckDbOrigins.open(writer),
      trimmedTo: await readTrimmed(writer),
      indexedTables: await readLocatorIndexes(writer),
    });
    return {
      name: 'duckdb',
      capabilities: DUCKDB_CAPABILITIES,
      datasets: new DuckDbDatasets(store),
      writer: new DuckDbWriter(store),
      loader: new DuckDbLoader(store),
      reader: new DuckDbReader(store),
      changes: new DuckDbChangeLog(store),
      maintenance: new DuckDbMaintenance(store, version()),
      sql: new DuckDbSqlRunner(store),
      relations: new DuckDbStoredRelations(store),
    };
  } catch (error) {
    instance.closeSync();
    throw error instanceof DataForgeError && error.code === 'internal' ? translateOpenError(error.cause, path) : error;
  }
}

async function prepareFolder(dataDir: string, path: string): Promise<void> {
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
async function createInstance({ dataDir, memoryLimit, threads }: DuckDbEngineOptions): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', {
    temp_directory: join(dataDir, 'tmp'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    disabled_optimizers: UNSAFE_OPTIMIZERS,
    ...(memoryLimit === null ? {} : { memory_limit: memoryLimit }),
    ...(threads === null ? {} : { threads: String(threads) }),
  });
}

async function attach(instance: DuckDBInstance, path: string, dataDir: string): Promise<DuckDbSession> {
  const connection = await instance.connect();
  try {
    await connection.run(`ATTACH ${literal(path)} AS store (ROW_GROUP_SIZE ${ROW_GROUP_SIZE})`);
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

async function prepareMeta(session: DuckDbSession, path: string): Promise<void> {
  for (const statement of META_TABLES) await session.execute(statement);
  const [row] = await session.rows(`SELECT value FROM forge.meta WHERE name = 'format'`);
  if (row === undefined) {
    await session.run(`INSERT INTO forge.meta VALUES ('format', $1)`, [String(STORE_FORMAT)]);
  } else if (Number(row[0]) > STORE_FORMAT) {
    throw new DataForgeError(
      'store_newer',
      `The store ${path} has format ${row[0]} and this version reads up to ${STORE_FORMAT}; start the version of Data Forge that wrote it.`,
    );
  }
}

/** The highest number any row or former image carries; `forge.meta` keeps it where rows were dropped. */
async function readHead(session: DuckDbSession): Promise<number> {
  const tables = await session.rows(
    `SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'store' AND schema_name IN ('data', 'history')`,
  );
  const heads = tables.map(([schema, table]) => {
    return `SELECT max(${schema === 'data' ? '_seq' : '_to_seq'}) FROM ${schema}.${identifier(String(table))}`;
  });
  heads.push(`SELECT max(value::BIGINT) FROM forge.meta WHERE name = 'sequence'`);
  const [row] = await session.rows(`SELECT coalesce(max(head), 0) FROM (${heads.join(' UNION ALL ')}) AS heads(head)`);
  return Number(row?.[0]);
}
