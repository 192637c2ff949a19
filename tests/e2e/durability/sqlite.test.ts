import { describeDurability } from './survives-kills.ts';

describeDurability('sqlite', 10);
