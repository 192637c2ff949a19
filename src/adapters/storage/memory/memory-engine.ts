import type { Maintenance } from '#application/ports/maintenance.ts';
import type { EngineCapabilities, StorageEngine } from '#application/ports/storage-engine.ts';
import type { StoreExport, StoreImport } from '#application/ports/store-transfer.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import type { RowLimits } from '#formats/rows/read-rows.ts';
import { MemoryChangeLog } from './memory-change-log.ts';
import { MemoryDatasets } from './memory-datasets.ts';
import { MemoryExport } from './memory-export.ts';
import { MemoryImport } from './memory-import.ts';
import { MemoryLoader } from './memory-loader.ts';
import { MemoryReader } from './memory-reader.ts';
import { MemoryStore } from './memory-store.ts';
import { MemoryWriter } from './memory-writer.ts';

export interface MemoryEngineOptions {
  readonly compilePattern: CompilePattern;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly limits?: RowLimits;
}

const DEFAULT_LIMITS: RowLimits = { maxRowBytes: 16 * 1024 * 1024, maxMessageBytes: 256 * 1024 * 1024 };

/** The storage ports with nothing on disk: for tests, and for data that may go when the process goes. */
export class MemoryEngine implements StorageEngine {
  readonly name = 'memory';
  readonly capabilities: EngineCapabilities = {
    rendersNatively: [],
    sharedByInstances: false,
    durable: false,
    dialect: null,
  };
  readonly datasets: MemoryDatasets;
  readonly writer: MemoryWriter;
  readonly loader: MemoryLoader;
  readonly reader: MemoryReader;
  readonly changes: MemoryChangeLog;
  readonly maintenance: Maintenance;
  readonly sql = null;
  readonly relations = null;
  /** Its store as the source and as the target of a copy, in this process. */
  readonly transfer: { readonly from: () => StoreExport; readonly to: () => StoreImport };

  constructor({ compilePattern, now = Date.now, limits = DEFAULT_LIMITS }: MemoryEngineOptions) {
    const store = new MemoryStore(now);
    this.datasets = new MemoryDatasets(store, compilePattern);
    this.writer = new MemoryWriter(store);
    this.loader = new MemoryLoader(store, compilePattern, limits);
    this.reader = new MemoryReader(store);
    this.changes = new MemoryChangeLog(store);
    this.maintenance = memoryMaintenance(store);
    this.transfer = { from: () => new MemoryExport(store), to: () => new MemoryImport(store) };
  }
}

function memoryMaintenance(store: MemoryStore): Maintenance {
  return {
    health: async () => ({
      ok: true,
      problem: null,
      engine: 'memory',
      engineVersion: process.version,
      head: store.head,
      bytes: 0,
    }),
    backup: async () => {
      throw new DataForgeError(
        'unavailable',
        'The memory engine keeps no store that could be backed up; export the datasets instead.',
      );
    },
    trimHistory: async (before, only) => {
      for (const table of store.tables) if (only === undefined || table.dataset.name === only) table.trim(before);
    },
    compact: async () => {},
    close: async () => {},
  };
}
