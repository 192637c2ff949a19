import { openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { describeStorageEngine } from './storage-engine.ts';

describeStorageEngine('duckdb, in the smallest blocks,', () =>
  openTemporaryDuckDb({ blocks: { bytes: 20, arrowRows: 1, parquetRows: 1 } }),
);
