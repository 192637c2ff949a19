import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDbEngine } from '#adapters/storage/duckdb/duckdb-engine.ts';
import type { BlockSizes } from '#adapters/storage/duckdb/duckdb-load-context.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { compileRe2 } from '#infrastructure/re2.ts';

/** A DuckDB store in a folder of its own, for one test. */
export async function openTemporaryDuckDb(options: { readonly blocks?: BlockSizes } = {}): Promise<{
  readonly engine: StorageEngine;
  readonly reopen: () => Promise<StorageEngine>;
  readonly dispose: () => Promise<void>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'data-forge-duckdb-'));
  const open = () =>
    openDuckDbEngine({
      dataDir,
      memoryLimit: '256MB',
      threads: 2,
      compilePattern: compileRe2,
      gate: { run: (_, work) => work() },
      ...options,
    });
  let engine = await open();
  return {
    engine,
    reopen: async () => {
      await engine.maintenance.close();
      engine = await open();
      return engine;
    },
    dispose: async () => {
      await engine.maintenance.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
