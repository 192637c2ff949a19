import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { describeCsvRoads } from './csv-roads.ts';
import { describeRoads } from './roads.ts';
import { describeRuleRoads } from './rules-roads.ts';
import { describeTypedRoads } from './typed-roads.ts';

const open = async () => {
  const engine = new MemoryEngine({ compilePattern: compileRe2 });
  return { engine, dispose: () => engine.maintenance.close() };
};

describeRoads('memory', open);
describeCsvRoads('memory', open);
describeTypedRoads('memory', open, { parquet: false });
describeRuleRoads('memory', open);
