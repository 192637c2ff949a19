import { describeLeftOut, POSTGRES_MISSING } from '../../support/postgres-database.ts';
import { describeDurability } from './survives-kills.ts';

describeLeftOut();
if (POSTGRES_MISSING === null) describeDurability('postgres', 10);
