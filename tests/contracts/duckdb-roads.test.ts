import { openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { describeRoads } from './roads.ts';

describeRoads('DuckDB', () => openTemporaryDuckDb());
describeRoads('DuckDB, block by block', () =>
  openTemporaryDuckDb({ blocks: { bytes: 4000, arrowRows: 10, parquetRows: 10 } }),
);
