import { join } from 'node:path';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { EngineCapabilities, StorageEngine } from '#application/ports/storage-engine.ts';
import type { ParquetCodec } from '../shared/parquet-codec.ts';
import { prepareSpool } from '../shared/spool.ts';
import { literal } from '../sql/identifier.ts';
import { SqliteChangeLog } from './sqlite-changes.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { SqliteDatasets } from './sqlite-datasets.ts';
import { STORE_FILE } from './sqlite-layout.ts';
import { SqliteLoader } from './sqlite-loader.ts';
import { SqliteMaintenance } from './sqlite-maintenance.ts';
import { prepareFolder } from './sqlite-open.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { SqliteReaders } from './sqlite-readers.ts';
import { SqliteSqlRunner } from './sqlite-sql-runner.ts';
import { SqliteStore } from './sqlite-store.ts';
import { StoreLock } from './sqlite-store-lock.ts';
import { SqliteThread } from './sqlite-thread.ts';
import { SqliteWriter } from './sqlite-writer.ts';
import type { WriterCalls, WriterOptions } from './sqlite-writer-calls.ts';

export interface SqliteEngineOptions {
  readonly dataDir: string;
  /** For the pages that connections keep. */
  readonly memoryBytes: number;
  /** Threads that read; one writes besides. */
  readonly threads: number;
  readonly gate: AdmissionGate;
  readonly parquet: () => Promise<ParquetCodec>;
}

const SQLITE_CAPABILITIES: EngineCapabilities = {
  rendersNatively: [],
  sharedByInstances: false,
  durable: true,
  dialect: 'sqlite',
};

const WRITER_SCRIPT = new URL('./sqlite-writer-worker.ts', import.meta.url);

/** More pages than this a connection has no use for: the operating system keeps them, too. */
const MOST_CACHE = 256e6;

/**
 * Opens the store of a data folder, making it where there is none.
 * @throws DataForgeError `store_locked`, `store_read_only`, `store_newer`, `store_unfinished` or `store_damaged`
 */
export async function openSqliteEngine(options: SqliteEngineOptions): Promise<StorageEngine> {
  const path = join(options.dataDir, STORE_FILE);
  const spoolDir = join(options.dataDir, 'spool');
  prepareFolder(path);
  const lock = new StoreLock(path);
  // The writer, the readers and the one for points share what there is.
  const cacheBytes = Math.min(MOST_CACHE, Math.floor(options.memoryBytes / 2 / (options.threads + 2)));
  const writer = new SqliteThread<WriterCalls>(WRITER_SCRIPT, { path, cacheBytes } satisfies WriterOptions);
  try {
    const { head, trimmed } = await writer.call('open', null);
    await prepareSpool(spoolDir);
    const points = new SqliteConnection({ path, readOnly: true, cacheBytes });
    // What does not fit into memory is sorted beside the store, by every thread.
    points.execute(`PRAGMA temp_store_directory = ${literal(spoolDir)}`);
    const store = new SqliteStore({
      path,
      spoolDir,
      gate: options.gate,
      parquet: options.parquet,
      writer,
      readers: new SqliteReaders({ path, cacheBytes }, options.threads),
      points,
      head,
      trimmedTo: new Map(trimmed),
    });
    const sql = new SqliteSqlRunner(store, Math.floor(options.memoryBytes / 4));
    return {
      name: 'sqlite',
      capabilities: SQLITE_CAPABILITIES,
      datasets: new SqliteDatasets(store),
      writer: new SqliteWriter(store),
      loader: new SqliteLoader(store),
      reader: new SqliteReader(store),
      changes: new SqliteChangeLog(store),
      maintenance: new SqliteMaintenance(store, sql, lock),
      sql,
      relations: null,
    };
  } catch (error) {
    await writer.terminate();
    lock.release();
    throw error;
  }
}
