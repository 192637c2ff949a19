import { openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { describeQueryOracle } from './query-oracle.ts';

describeQueryOracle('duckdb', () => openTemporaryDuckDb(), { runs: 60 });
