import { describeOnPostgres, openTemporaryPostgres } from '../support/postgres-engine.ts';
import { describeStorageEngine } from './storage-engine.ts';

describeOnPostgres('on a server', (server) => {
  describeStorageEngine('postgres', () => openTemporaryPostgres(server()));
});
