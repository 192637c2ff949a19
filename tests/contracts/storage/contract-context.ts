import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { StoreDriver } from '../../support/store-driver.ts';

export interface OpenedEngine {
  readonly engine: StorageEngine;
  /** Closes the engine and opens its store again; for engines that keep one. */
  readonly reopen?: () => Promise<StorageEngine>;
  readonly dispose: () => Promise<void>;
}

/** The engine that a test of the contract works on: a fresh one, with nothing in it, for each test. */
export interface ContractContext {
  readonly store: StoreDriver;
  readonly opened: OpenedEngine;
  /** Rows that are many for this engine: more than one block of anything it has. */
  readonly manyRows: number;
}
