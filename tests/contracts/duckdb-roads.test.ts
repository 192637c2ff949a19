import { openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { describeCsvRoads } from './csv-roads.ts';
import { describeRoads } from './roads.ts';
import { describeRuleRoads } from './rules-roads.ts';
import { describeTypedRoads } from './typed-roads.ts';

const whole = () => openTemporaryDuckDb();
const inBlocks = () => openTemporaryDuckDb({ blocks: { bytes: 4000, arrowRows: 10, parquetRows: 10 } });

describeRoads('DuckDB', whole);
describeRoads('DuckDB, block by block', inBlocks, { alone: false });
describeCsvRoads('DuckDB', whole);
describeCsvRoads('DuckDB, block by block', inBlocks, { alone: false });
describeTypedRoads('DuckDB', whole);
describeTypedRoads('DuckDB, block by block', inBlocks);
describeRuleRoads('DuckDB', whole);
