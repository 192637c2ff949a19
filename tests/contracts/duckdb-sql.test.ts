import { describeSqlRunner } from './sql/sql-runner.ts';
import { SqlWorld } from './sql/sql-world.ts';

describeSqlRunner('duckdb', () => SqlWorld.open());
