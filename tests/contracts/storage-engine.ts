import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreDriver } from '../support/store-driver.ts';
import { describeAggregations } from './storage/aggregations.ts';
import { describeArrowRoads } from './storage/arrow-roads.ts';
import { describeBulkLoader } from './storage/bulk-loader.ts';
import { describeBulkPolicies } from './storage/bulk-policies.ts';
import { describeBulkReplacing } from './storage/bulk-replacing.ts';
import { describeChangeLog } from './storage/change-log.ts';
import type { OpenedEngine } from './storage/contract-context.ts';
import { describeDatasetStore } from './storage/dataset-store.ts';
import { describeMaintenance } from './storage/maintenance.ts';
import { describePagesAfterChanges } from './storage/pages-after-changes.ts';
import { describePointReads } from './storage/point-reads.ts';
import { describeRecordReader } from './storage/record-reader.ts';
import { describeRecordStreams } from './storage/record-streams.ts';
import { describeRecordWriter } from './storage/record-writer.ts';
import { describeRunWork } from './storage/run-work.ts';
import { describeWriteConflicts } from './storage/write-conflicts.ts';

export type { OpenedEngine } from './storage/contract-context.ts';

/** What every storage engine must do, whatever is behind it. */
export function describeStorageEngine(name: string, open: () => Promise<OpenedEngine>, manyRows = 30_000): void {
  describe(`${name} as a storage engine`, () => {
    const context: { store: StoreDriver; opened: OpenedEngine; manyRows: number } = Object.create(null);
    context.manyRows = manyRows;
    beforeEach(async () => {
      context.opened = await open();
      context.store = new StoreDriver(context.opened.engine);
    });
    afterEach(() => context.opened.dispose());

    test('runs SQL where it names a dialect, and nowhere else', () => {
      const { sql, capabilities } = context.opened.engine;
      expect(sql === null).toBe(capabilities.dialect === null);
    });

    describeDatasetStore(context);
    describeRecordWriter(context);
    describeWriteConflicts(context);
    describeRecordReader(context);
    describeAggregations(context);
    describePointReads(context);
    describePagesAfterChanges(context);
    describeRecordStreams(context);
    describeBulkLoader(context);
    describeBulkPolicies(context);
    describeBulkReplacing(context);
    describeArrowRoads(context);
    describeChangeLog(context);
    describeRunWork(context);
    describeMaintenance(context);
  });
}
