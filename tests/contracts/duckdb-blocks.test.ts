import { openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { describeStorageEngine } from './storage-engine.ts';

describeStorageEngine(
  'duckdb, in the smallest blocks and with locators indexed at once,',
  () =>
    openTemporaryDuckDb({
      blocks: { bytes: 20, arrowRows: 1, parquetRows: 1 },
      locatorIndexes: { soughtIds: 1, rows: Number.POSITIVE_INFINITY },
    }),
  900,
);
