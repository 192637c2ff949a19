import type { BulkCounts } from '#application/ports/bulk-loader.ts';
import type { EvolutionPlan } from '#domain/dataset/evolution.ts';
import type { PackedOutcomes, PackedRequests } from './sqlite-commit-wire.ts';
import type { Committed } from './sqlite-commits.ts';
import type { LoadRequest } from './sqlite-load.ts';

/** What the writer's thread is started with. */
export interface WriterOptions {
  readonly path: string;
  readonly cacheBytes: number;
}

/** Asked by `commit` while its transaction is open: the marks of so many requests from the one at `first` on. */
export interface MarksQuestion {
  readonly first: number;
  readonly count: number;
  readonly outcomes: PackedOutcomes;
}

export type WriterCalls = {
  /** @throws DataForgeError `store_read_only`, `store_newer`, `store_unfinished`, `store_damaged` */
  readonly open: {
    readonly argument: null;
    readonly result: { readonly head: number; readonly trimmed: readonly (readonly [string, number])[] };
  };
  readonly commit: {
    readonly argument: PackedRequests;
    readonly result: { readonly outcomes: PackedOutcomes; readonly committed: readonly Committed[] };
  };
  /** Asks for the marks of a body by its counts. */
  readonly load: {
    readonly argument: LoadRequest & { readonly hasMarks: boolean };
    readonly result: { readonly counts: BulkCounts; readonly committed: Committed | null };
  };
  readonly forgetMarks: {
    readonly argument: { readonly kind: string; readonly before: string };
    readonly result: undefined;
  };
  readonly evolve: {
    readonly argument: { readonly plan: EvolutionPlan };
    readonly result: undefined;
  };
  readonly trim: {
    readonly argument: { readonly before: string; readonly dataset: string | undefined };
    readonly result: readonly (readonly [string, number])[];
  };
  readonly compact: { readonly argument: null; readonly result: undefined };
  readonly close: { readonly argument: null; readonly result: undefined };
};
