import { describeDurability } from './survives-kills.ts';

describeDurability('duckdb', 30);
