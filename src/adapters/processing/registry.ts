import type { Processor } from '#application/ports/processor.ts';
import type { RelationRunner } from '#application/ports/relation-runner.ts';

/** What a processor may need to be opened; each takes what concerns it. */
export interface ProcessorOptions {
  /** SQL where the rows lie; null for engines that do not let it be run there. */
  readonly stored: RelationRunner | null;
  /** SQL on all other rows, in a DuckDB in memory. */
  readonly loaded: RelationRunner;
  /** The version of that DuckDB. */
  readonly duckDbVersion: string;
  /** Bytes that a processor may take beside the engine. */
  readonly memoryBytes: number;
  /** Computations at once. */
  readonly threads: number;
}

export type OpenProcessor = (options: ProcessorOptions) => Promise<Processor>;

/** The processors there are, by the word of `DATA_PROCESSOR_ENGINE`. Only the one that is chosen is loaded, and the default. */
export const PROCESSORS = {
  duckdb: async ({ stored, loaded, duckDbVersion, threads }) => {
    const { DuckDbProcessor } = await import('./duckdb/duckdb-processor.ts');
    return new DuckDbProcessor({ version: duckDbVersion, stored, loaded, threads });
  },
  polars: async ({ threads }) => {
    const { openPolarsProcessor } = await import('./polars/polars-processor.ts');
    return openPolarsProcessor({ threads });
  },
  arquero: async ({ memoryBytes, threads }) => {
    const { openArqueroProcessor } = await import('./arquero/arquero-processor.ts');
    return openArqueroProcessor({ threads, heapMegabytes: Math.max(64, Math.floor(memoryBytes / threads / 1e6)) });
  },
} satisfies Readonly<Record<string, OpenProcessor>>;

/** The processor that takes what another one lacks. */
export const DEFAULT_PROCESSOR = PROCESSORS.duckdb;
