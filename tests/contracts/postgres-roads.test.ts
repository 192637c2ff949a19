import { describeOnPostgres, openTemporaryPostgres } from '../support/postgres-engine.ts';
import { describeCsvRoads } from './csv-roads.ts';
import { describeRoads } from './roads.ts';
import { describeRuleRoads } from './rules-roads.ts';
import { describeTypedRoads } from './typed-roads.ts';

describeOnPostgres('on a server', (server) => {
  const open = () => openTemporaryPostgres(server());
  describeRoads('postgres', open);
  describeCsvRoads('postgres', open);
  describeTypedRoads('postgres', open);
  describeRuleRoads('postgres', open);
});
