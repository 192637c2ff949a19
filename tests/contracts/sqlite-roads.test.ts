import { openTemporarySqlite } from '../support/sqlite-engine.ts';
import { describeCsvRoads } from './csv-roads.ts';
import { describeRoads } from './roads.ts';
import { describeRuleRoads } from './rules-roads.ts';
import { describeTypedRoads } from './typed-roads.ts';

const open = () => openTemporarySqlite();

describeRoads('sqlite', open);
describeCsvRoads('sqlite', open);
describeTypedRoads('sqlite', open);
describeRuleRoads('sqlite', open);
