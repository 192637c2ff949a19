import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { describeRoads } from './roads.ts';

describeRoads('memory', async () => {
  const engine = new MemoryEngine({ compilePattern: compileRe2 });
  return { engine, dispose: () => engine.maintenance.close() };
});
