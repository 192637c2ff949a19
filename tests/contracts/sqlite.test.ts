import { openTemporarySqlite } from '../support/sqlite-engine.ts';
import { describeStorageEngine } from './storage-engine.ts';

describeStorageEngine('sqlite', () => openTemporarySqlite());
