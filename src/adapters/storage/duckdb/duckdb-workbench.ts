import { version } from '@duckdb/node-api';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import { DuckDbBatchTransformer } from './duckdb-batch-transformer.ts';
import { DuckDbLoadedRelations } from './duckdb-loaded-relations.ts';
import { DuckDbScratch, type ScratchOptions } from './duckdb-scratch.ts';
import { DuckDbTableRenderer } from './duckdb-table-renderer.ts';

/** What can be done with rows that lie in no DuckDB store. */
export function createDuckDbWorkbench(options: ScratchOptions, gate: AdmissionGate) {
  const scratch = new DuckDbScratch(options);
  return {
    version: version(),
    relations: new DuckDbLoadedRelations(scratch, gate),
    transformer: new DuckDbBatchTransformer(scratch),
    renderer: new DuckDbTableRenderer(scratch),
    close: () => scratch.close(),
  };
}
