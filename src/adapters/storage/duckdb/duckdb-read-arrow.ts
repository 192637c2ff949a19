import type { LoadContext, StagedBlock } from './duckdb-load-context.ts';

export async function* stageArrow(context: LoadContext): AsyncGenerator<StagedBlock> {
  void context;
  throw new Error('arrow comes next');
}
