import { randomUUID } from 'node:crypto';
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
import { dropStore } from './postgres-engine.ts';
import { onServer, type PostgresServer } from './postgres-server.ts';
import { openSqliteIn } from './sqlite-engine.ts';

/** Where a store of one engine may be: opened to be used, to be copied, or to be made as a copy; one of them at a time. */
export interface TransferPlace {
  readonly open: () => Promise<StorageEngine>;
  readonly from: () => Promise<StoreExport>;
  readonly to: () => Promise<StoreImport>;
  readonly dispose: () => Promise<void>;
}

export const TRANSFER_ENGINES = ['memory', 'duckdb', 'sqlite', 'postgres'] as const;
export type TransferEngine = (typeof TRANSFER_ENGINES)[number];

const CACHE_BYTES = 8e6;

export async function newPlace(engine: TransferEngine, server: () => PostgresServer): Promise<TransferPlace> {
  if (engine === 'memory') return memoryPlace();
  const dataDir = await mkdtemp(join(tmpdir(), `data-forge-transfer-${engine}-`));
  const removeFolder = () => rm(dataDir, { recursive: true, force: true });
  if (engine === 'postgres') return postgresPlace(server(), dataDir, removeFolder);
  if (engine === 'sqlite') {
    return {
      open: () => openSqliteIn(dataDir),
      from: async () => openSqliteExport(dataDir, CACHE_BYTES),
      to: async () => openSqliteImport(dataDir, CACHE_BYTES),
      dispose: removeFolder,
    };
  }
  const options = { dataDir, memoryLimit: '256MB', threads: 2 };
  return {
    open: () => openDuckDbIn(dataDir),
    from: () => openDuckDbExport(options),
    to: () => openDuckDbImport(options),
    dispose: removeFolder,
  };
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
    open: async () => engine,
    from: async () => engine.transfer.from(),
    to: async () => engine.transfer.to(),
    dispose: async () => {},
  };
}

function postgresPlace({ url }: PostgresServer, dataDir: string, removeFolder: () => Promise<void>): TransferPlace {
  const schema = `test_${randomUUID().slice(0, 8)}`;
  return {
    open: () =>
      openPostgresEngine({
        url,
        schema,
        connections: 7,
        dataDir,
        gate: { run: (_, work) => work() },
        compilePattern: compileRe2,
        parquet: loadParquetCodec,
      }),
    from: () => openPostgresExport(url, schema),
    to: () => openPostgresImport(url, schema),
    dispose: async () => {
      await onServer(url, (client) => dropStore(client, schema));
      await removeFolder();
    },
  };
}
