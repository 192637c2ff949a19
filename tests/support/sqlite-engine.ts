import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadParquetCodec } from '#adapters/storage/registry.ts';
import { openSqliteEngine } from '#adapters/storage/sqlite/sqlite-engine.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';

/** Opens the SQLite store of a folder. */
export function openSqliteIn(dataDir: string): Promise<StorageEngine> {
  return openSqliteEngine({
    dataDir,
    memoryBytes: 64e6,
    threads: 2,
    gate: { run: (_, work) => work() },
    parquet: loadParquetCodec,
  });
}

/** A SQLite store in a folder of its own, for one test. */
export async function openTemporarySqlite(): Promise<{
  readonly dataDir: string;
  readonly engine: StorageEngine;
  readonly reopen: () => Promise<StorageEngine>;
  readonly dispose: () => Promise<void>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'data-forge-sqlite-'));
  let engine = await openSqliteIn(dataDir);
  return {
    dataDir,
    engine,
    reopen: async () => {
      await engine.maintenance.close();
      engine = await openSqliteIn(dataDir);
      return engine;
    },
    dispose: async () => {
      await engine.maintenance.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
