import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDbExport } from '#adapters/storage/duckdb/duckdb-export.ts';
import { openDuckDbImport } from '#adapters/storage/duckdb/duckdb-import.ts';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import { openPostgresEngine } from '#adapters/storage/postgres/postgres-engine.ts';
import { openPostgresExport } from '#adapters/storage/postgres/postgres-export.ts';
import { openPostgresImport } from '#adapters/storage/postgres/postgres-import.ts';
import { loadParquetCodec } from '#adapters/storage/registry.ts';
import { openSqliteExport } from '#adapters/storage/sqlite/sqlite-export.ts';
import { openSqliteImport } from '#adapters/storage/sqlite/sqlite-import.ts';
import { type Migration, migrateStore } from '#application/maintenance/migrate-store.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { StoreExport, StoreImport } from '#application/ports/store-transfer.ts';
import { ColumnsChecksum } from '#formats/columns/checksum.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { openDuckDbIn } from './duckdb-engine.ts';
import { createTestDatabase, POSTGRES_MISSING } from './postgres-database.ts';
import { openSqliteIn } from './sqlite-engine.ts';

/** Where a store of one engine may be: opened to be used, to be copied, or to be made as a copy; one of them at a time. */
export interface TransferPlace {
  /** As it is given to `forge migrate`; empty for a place that only this process has. */
  readonly address: string;
  readonly open: () => Promise<StorageEngine>;
  readonly from: () => Promise<StoreExport>;
  readonly to: () => Promise<StoreImport>;
  readonly dispose: () => Promise<void>;
}

export type TransferEngine = 'memory' | 'duckdb' | 'sqlite' | 'postgres';

/** Those that there can be stores of here. */
export const TRANSFER_ENGINES: readonly TransferEngine[] = [
  'memory',
  'duckdb',
  'sqlite',
  ...(POSTGRES_MISSING === null ? (['postgres'] as const) : []),
];

/** Each with each, itself included. */
export const TRANSFER_PAIRS = TRANSFER_ENGINES.flatMap((from) => TRANSFER_ENGINES.map((to) => [from, to] as const));

const CACHE_BYTES = 8e6;

export async function newPlace(engine: TransferEngine): Promise<TransferPlace> {
  if (engine === 'memory') return memoryPlace();
  const dataDir = await mkdtemp(join(tmpdir(), `data-forge-transfer-${engine}-`));
  const dispose = () => rm(dataDir, { recursive: true, force: true });
  if (engine === 'postgres') return postgresPlace(dataDir, dispose);
  const address = `${engine}:${dataDir}`;
  if (engine === 'sqlite') {
    return {
      address,
      open: () => openSqliteIn(dataDir),
      from: async () => openSqliteExport(dataDir, CACHE_BYTES),
      to: async () => openSqliteImport(dataDir, CACHE_BYTES),
      dispose,
    };
  }
  const options = { dataDir, memoryLimit: '256MB', threads: 2 };
  return {
    address,
    open: () => openDuckDbIn(dataDir),
    from: () => openDuckDbExport(options),
    to: () => openDuckDbImport(options),
    dispose,
  };
}

/** Opens the store of a place for as long as `work` takes. */
export async function using<T>(place: TransferPlace, work: (engine: StorageEngine) => Promise<T>): Promise<T> {
  const engine = await place.open();
  try {
    return await work(engine);
  } finally {
    await engine.maintenance.close();
  }
}

/** Copies one place to another that is empty, or has a begun copy. */
export async function migrate(
  from: TransferPlace,
  to: TransferPlace,
  wrap: (target: StoreImport) => StoreImport = (target) => target,
): Promise<Migration> {
  const source = await from.from();
  try {
    const target = await to.to();
    try {
      return await migrateStore({
        from: { store: source, name: 'the source' },
        to: { store: wrap(target), name: 'the target' },
        newChecksum: (types) => new ColumnsChecksum(types),
        onProgress: () => {},
        signal: new AbortController().signal,
      });
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

function memoryPlace(): TransferPlace {
  const engine = new MemoryEngine({ compilePattern: compileRe2 });
  return {
    address: '',
    open: async () => engine,
    from: async () => engine.transfer.from(),
    to: async () => engine.transfer.to(),
    dispose: async () => {},
  };
}

/** In the schema that an instance takes. */
const SCHEMA = 'data_forge';

async function postgresPlace(dataDir: string, removeFolder: () => Promise<void>): Promise<TransferPlace> {
  const { url, dispose } = await createTestDatabase();
  return {
    address: url,
    open: () =>
      openPostgresEngine({
        url,
        schema: SCHEMA,
        connections: 7,
        dataDir,
        gate: { run: (_, work) => work() },
        compilePattern: compileRe2,
        parquet: loadParquetCodec,
      }),
    from: () => openPostgresExport(url, SCHEMA),
    to: () => openPostgresImport(url, SCHEMA),
    dispose: async () => {
      await dispose();
      await removeFolder();
    },
  };
}
