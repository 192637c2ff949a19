import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { BatchTransformer } from '#application/ports/batch-transformer.ts';
import type { RelationRunner } from '#application/ports/relation-runner.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { StoreExport, StoreImport } from '#application/ports/store-transfer.ts';
import type { TableRenderer } from '#application/ports/table-renderer.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import type { ParquetCodec } from './shared/parquet-codec.ts';
import type { RestoreRequest } from './shared/restore-store.ts';

/** What an engine may need to be opened; each takes what concerns it. */
interface EngineOptions {
  readonly dataDir: string;
  readonly memoryBytes: number;
  readonly threads: number;
  readonly compilePattern: CompilePattern;
  /** Its long reads take a place here for each call of the engine. */
  readonly gate: AdmissionGate;
  /** For engines in a server of their own. */
  readonly databaseUrl: string;
  /** Most connections to it. */
  readonly databaseConnections: number;
}

type RestoreStore = (request: RestoreRequest) => Promise<string | null>;

type OpenEngine = (options: EngineOptions) => Promise<StorageEngine>;

/** How much of the engine's memory is for its buffers, which it keeps account of; the rest is for what it does not. */
const BUFFER_SHARE = 0.8;

/** Where the store of an instance lies in its database. */
const POSTGRES_SCHEMA = 'data_forge';

/** The engines there are, by the word of `DB_ENGINE`. Only the one that is chosen is loaded. */
export const STORAGE_ENGINES = {
  memory: async ({ compilePattern }) => {
    const { MemoryEngine } = await import('./memory/memory-engine.ts');
    return new MemoryEngine({ compilePattern });
  },
  duckdb: async ({ dataDir, memoryBytes, threads, compilePattern, gate }) => {
    const { openDuckDbEngine } = await import('./duckdb/duckdb-engine.ts');
    return openDuckDbEngine({ dataDir, memoryLimit: memoryLimitOf(memoryBytes), threads, compilePattern, gate });
  },
  sqlite: async ({ dataDir, memoryBytes, threads, gate }) => {
    const { openSqliteEngine } = await import('./sqlite/sqlite-engine.ts');
    return openSqliteEngine({ dataDir, memoryBytes, threads, gate, parquet: loadParquetCodec });
  },
  postgres: async ({ dataDir, compilePattern, gate, databaseUrl: url, databaseConnections: connections }) => {
    const { openPostgresEngine } = await import('./postgres/postgres-engine.ts');
    const parquet = loadParquetCodec;
    return openPostgresEngine({ url, schema: POSTGRES_SCHEMA, connections, dataDir, gate, compilePattern, parquet });
  },
} satisfies Readonly<Record<string, OpenEngine>>;

/** What puts a backup in the place of a store, by the word of `DB_ENGINE`; engines that keep none in a file are not here. */
export const STORE_RESTORERS: Readonly<Partial<Record<keyof typeof STORAGE_ENGINES, RestoreStore>>> = {
  duckdb: async (request) => (await import('./duckdb/duckdb-restore.ts')).restoreDuckDbStore(request),
  sqlite: async (request) => (await import('./sqlite/sqlite-restore.ts')).restoreSqliteStore(request),
  postgres: async ({ from }) => {
    const message = `A store in PostgreSQL is restored with its own tool, where there is no schema ${POSTGRES_SCHEMA}: psql --single-transaction -v ON_ERROR_STOP=1 -f ${from} "$DATABASE_URL".`;
    throw new DataForgeError('unsupported_by_engine', message);
  },
};

/** What a store may need to be opened for a copy; each takes what concerns it. */
type TransferOptions = Pick<EngineOptions, 'dataDir' | 'memoryBytes' | 'threads' | 'databaseUrl'>;

/** How a store is opened to be copied, and to be made as a copy. */
interface StoreTransfer {
  readonly from: (options: TransferOptions) => Promise<StoreExport>;
  readonly to: (options: TransferOptions) => Promise<StoreImport>;
}

/** Pages of SQLite that a copy keeps. */
const COPY_CACHE_BYTES = 64e6;

/** The ends of a copy, by the word of `DB_ENGINE`; engines whose store ends with the process are not here. */
export const STORE_TRANSFERS: Readonly<Partial<Record<keyof typeof STORAGE_ENGINES, StoreTransfer>>> = {
  duckdb: {
    from: async ({ dataDir, memoryBytes, threads }) => {
      const { openDuckDbExport } = await import('./duckdb/duckdb-export.ts');
      return openDuckDbExport({ dataDir, memoryLimit: memoryLimitOf(memoryBytes), threads });
    },
    to: async ({ dataDir, memoryBytes, threads }) => {
      const { openDuckDbImport } = await import('./duckdb/duckdb-import.ts');
      return openDuckDbImport({ dataDir, memoryLimit: memoryLimitOf(memoryBytes), threads });
    },
  },
  sqlite: {
    from: async ({ dataDir }) =>
      (await import('./sqlite/sqlite-export.ts')).openSqliteExport(dataDir, COPY_CACHE_BYTES),
    to: async ({ dataDir }) => (await import('./sqlite/sqlite-import.ts')).openSqliteImport(dataDir, COPY_CACHE_BYTES),
  },
  postgres: {
    from: async ({ databaseUrl }) =>
      (await import('./postgres/postgres-export.ts')).openPostgresExport(databaseUrl, POSTGRES_SCHEMA),
    to: async ({ databaseUrl }) =>
      (await import('./postgres/postgres-import.ts')).openPostgresImport(databaseUrl, POSTGRES_SCHEMA),
  },
};

/** Parquet for engines that have no reader or writer of it; loaded when it is first needed. */
export async function loadParquetCodec(): Promise<ParquetCodec> {
  return (await import('./duckdb/duckdb-parquet-codec.ts')).duckDbParquetCodec;
}

function memoryLimitOf(bytes: number): string {
  return `${Math.max(1, Math.floor((bytes * BUFFER_SHARE) / 1e6))}MB`;
}

/** What can be done with rows that lie in no store, or in one of another engine. */
export interface Workbench {
  readonly version: string;
  readonly relations: RelationRunner;
  readonly renderer: TableRenderer;
  readonly transformer: BatchTransformer;
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  /** Where what does not fit in memory goes. */
  readonly folder: string;
  readonly memoryBytes: number;
  readonly threads: number;
  readonly gate: AdmissionGate;
}

/** A DuckDB in memory, which takes its memory when it is first used. */
export async function openWorkbench({ folder, memoryBytes, threads, gate }: WorkbenchOptions): Promise<Workbench> {
  const { createDuckDbWorkbench } = await import('./duckdb/duckdb-workbench.ts');
  return createDuckDbWorkbench({ folder, memoryLimit: memoryLimitOf(memoryBytes), threads }, gate);
}
