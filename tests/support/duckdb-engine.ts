import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDbEngineOptions, openDuckDbEngine } from '#adapters/storage/duckdb/duckdb-engine.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { compileRe2 } from '#infrastructure/re2.ts';

type TestOptions = Pick<DuckDbEngineOptions, 'blocks' | 'locatorIndexes'>;

/** Opens the DuckDB store of a folder. */
export function openDuckDbIn(dataDir: string, options: TestOptions = {}): Promise<StorageEngine> {
  return openDuckDbEngine({
    dataDir,
    memoryLimit: '256MB',
    threads: 2,
    compilePattern: compileRe2,
    gate: { run: (_, work) => work() },
    ...options,
  });
}

/** A DuckDB store in a folder of its own, for one test. */
export async function openTemporaryDuckDb(options: TestOptions = {}): Promise<{
  readonly dataDir: string;
  readonly engine: StorageEngine;
  readonly reopen: () => Promise<StorageEngine>;
  readonly dispose: () => Promise<void>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'data-forge-duckdb-'));
  let engine = await openDuckDbIn(dataDir, options);
  return {
    dataDir,
    engine,
    reopen: async () => {
      await engine.maintenance.close();
      engine = await openDuckDbIn(dataDir, options);
      return engine;
    },
    dispose: async () => {
      await engine.maintenance.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
