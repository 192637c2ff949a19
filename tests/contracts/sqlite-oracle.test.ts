import { openTemporarySqlite } from '../support/sqlite-engine.ts';
import { describeQueryOracle } from './query-oracle.ts';

describeQueryOracle('sqlite', () => openTemporarySqlite(), { runs: 100 });
