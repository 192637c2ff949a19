import { afterEach, beforeEach, describe } from 'vitest';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { StoreDriver } from '../support/store-driver.ts';
import { describeArrowRoads } from './storage/arrow-roads.ts';
import { describeBulkLoader } from './storage/bulk-loader.ts';
import { describeBulkPolicies } from './storage/bulk-policies.ts';
import { describeChangeLog } from './storage/change-log.ts';
import { describeDatasetStore } from './storage/dataset-store.ts';
import { describeMaintenance } from './storage/maintenance.ts';
import { describeRecordReader } from './storage/record-reader.ts';
import { describeRecordStreams } from './storage/record-streams.ts';
import { describeRecordWriter } from './storage/record-writer.ts';

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
}

/** What every storage engine must do, whatever is behind it. */
export function describeStorageEngine(name: string, open: () => Promise<OpenedEngine>): void {
  describe(`${name} as a storage engine`, () => {
    const context: { store: StoreDriver; opened: OpenedEngine } = Object.create(null);
    beforeEach(async () => {
      context.opened = await open();
      context.store = new StoreDriver(context.opened.engine);
    });
    afterEach(() => context.opened.dispose());

    describeDatasetStore(context);
    describeRecordWriter(context);
    describeRecordReader(context);
    describeRecordStreams(context);
    describeBulkLoader(context);
    describeBulkPolicies(context);
    describeArrowRoads(context);
    describeChangeLog(context);
    describeMaintenance(context);
  });
}
