import type { ChangesPage, ChangesRequest } from '#application/ports/change-log.ts';
import type { RunWorkRequest } from '#application/ports/run-log.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { EvolutionPlan } from '#domain/dataset/evolution.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import type { Filter, PageQuery, Position, StreamQuery } from '#domain/query/query.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import type { RunWork } from '#domain/record/run-work.ts';
import type { Value } from '#domain/record/value.ts';
import type { Block, BlockKind } from '../shared/block-renderer.ts';

/** What a reader's thread is started with. */
export interface ReaderOptions {
  readonly path: string;
  readonly cacheBytes: number;
}

export interface WirePage {
  readonly records: readonly RenderedRecord[];
  readonly total: number;
  /** Where each of them stands. */
  readonly positions: readonly Position[];
}

export type ReaderCalls = {
  readonly page: { readonly argument: PageQuery; readonly result: WirePage };
  readonly count: {
    readonly argument: { readonly dataset: Dataset; readonly filter: Filter | null };
    readonly result: number;
  };
  readonly aggregate: { readonly argument: Aggregation; readonly result: readonly (readonly Value[])[] };
  readonly explain: { readonly argument: PageQuery | StreamQuery; readonly result: string };
  /** Of the changes up to the number `head`. */
  readonly changes: {
    readonly argument: Omit<ChangesRequest, 'signal'> & { readonly head: number };
    readonly result: ChangesPage;
  };
  readonly runWork: { readonly argument: Omit<RunWorkRequest, 'signal'>; readonly result: RunWork };
  /** Settles the steps of a plan that depend on the rows. */
  readonly plan: { readonly argument: EvolutionPlan; readonly result: EvolutionPlan };
  /** @returns a number that names the stream in the calls that follow */
  readonly openStream: {
    readonly argument: {
      readonly query: StreamQuery;
      readonly kind: BlockKind;
      /** Those of batches, by name. */
      readonly columns?: readonly string[] | undefined;
    };
    readonly result: number;
  };
  /** The next block; null behind the last. */
  readonly nextBlock: { readonly argument: number; readonly result: Block | null };
  readonly closeStream: { readonly argument: number; readonly result: undefined };
  readonly backup: { readonly argument: { readonly to: string }; readonly result: undefined };
  readonly close: { readonly argument: null; readonly result: undefined };
};
