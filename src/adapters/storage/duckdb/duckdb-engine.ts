import { join } from 'node:path';
import { version } from '@duckdb/node-api';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { EngineCapabilities, StorageEngine } from '#application/ports/storage-engine.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { DuckDbChangeLog } from './duckdb-changes.ts';
import { DuckDbDatasets } from './duckdb-datasets.ts';
import { translateOpenError } from './duckdb-errors.ts';
import { BLOCK_SIZES, type BlockSizes } from './duckdb-load-context.ts';
import { DuckDbLoader } from './duckdb-loader.ts';
import { LOCATOR_INDEX_LIMITS, type LocatorIndexLimits } from './duckdb-locator-indexes.ts';
import { DuckDbMaintenance } from './duckdb-maintenance.ts';
import {
  attach,
  createInstance,
  type InstanceOptions,
  prepareFolder,
  prepareMeta,
  refuseUnfinished,
  STORE_FILE,
} from './duckdb-open.ts';
import { DuckDbReader } from './duckdb-reader.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { prepareSpool } from './duckdb-spool.ts';
import { DuckDbSqlRunner } from './duckdb-sql-runner.ts';
import { DuckDbStore } from './duckdb-store.ts';
import { DuckDbStoredRelations } from './duckdb-stored-relations.ts';
import { DuckDbWriter } from './duckdb-writer.ts';

export interface DuckDbEngineOptions extends InstanceOptions {
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

/**
 * Opens the store of a data folder, making it where there is none.
 * @throws DataForgeError `store_locked`, `store_read_only`, `store_newer`, `store_unfinished` or `store_damaged`
 */
export async function openDuckDbEngine(options: DuckDbEngineOptions): Promise<StorageEngine> {
  const spoolDir = join(options.dataDir, 'spool');
  const path = join(options.dataDir, STORE_FILE);
  await prepareFolder(options.dataDir, path);
  const instance = await createInstance(options);
  let session: DuckDbSession | null = null;
  try {
    session = await attach(instance, path, options.dataDir);
    // Only now: as long as another process has the store, what lies in the spool is that one's.
    await prepareSpool(spoolDir);
    await prepareMeta(session, path);
    await refuseUnfinished(session, path);
    session.close();
    session = null;
    const store = await DuckDbStore.open(instance, path, {
      ...options,
      spoolDir,
      blocks: options.blocks ?? BLOCK_SIZES,
      locatorIndexes: options.locatorIndexes ?? LOCATOR_INDEX_LIMITS,
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
    session?.close();
    instance.closeSync();
    throw error instanceof DataForgeError && error.code === 'internal' ? translateOpenError(error.cause, path) : error;
  }
}
