import { openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { describeStorageEngine } from './storage-engine.ts';

describeStorageEngine('duckdb', () => openTemporaryDuckDb());
