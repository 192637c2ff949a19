import { describeOnPostgres, openTemporaryPostgres } from '../support/postgres-engine.ts';
import { describeQueryOracle } from './query-oracle.ts';

describeOnPostgres('on a server', (server) => {
  describeQueryOracle('postgres', () => openTemporaryPostgres(server()), { runs: 150 });
});
