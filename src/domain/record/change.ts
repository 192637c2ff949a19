import type { Dataset } from '../dataset/dataset.ts';
import type { Filter } from '../query/query.ts';
import type { StoredRecord } from './record.ts';
import type { Row, Value } from './value.ts';

export type ConflictPolicy = 'error' | 'ignore' | 'update';
export type InvalidPolicy = 'abort' | 'reject';

/** One thing to do to a dataset; its values are already valid and canonical. */
export type Change =
  | {
      readonly kind: 'create';
      readonly dataset: Dataset;
      readonly row: Row;
      /** The id the caller gave, lower case; null for a new one. */
      readonly id: string | null;
      readonly onConflict: ConflictPolicy;
    }
  | {
      readonly kind: 'patch';
      readonly dataset: Dataset;
      readonly id: string;
      /** New values by property position. */
      readonly values: ReadonlyMap<number, Value>;
      readonly ifVersion: number | null;
    }
  | {
      readonly kind: 'replace';
      readonly dataset: Dataset;
      readonly id: string;
      readonly row: Row;
      readonly ifVersion: number | null;
    }
  | { readonly kind: 'delete'; readonly dataset: Dataset; readonly id: string; readonly ifVersion: number | null }
  | { readonly kind: 'delete-matching'; readonly dataset: Dataset; readonly filter: Filter | null };

export type ChangeResult =
  /** `record` is what now stands: the new one, the changed one, or the one that was there already. */
  | { readonly kind: 'created' | 'updated' | 'unchanged' | 'ignored'; readonly record: StoredRecord }
  | { readonly kind: 'deleted'; readonly count: number };

/** Who made a commit, for the `commits` table. */
export interface Origin {
  readonly caller: string;
  /** The run that made it, where one did. */
  readonly run: string | null;
}

/** A small fact that becomes durable in the very commit of the changes it stands beside. */
export interface Mark {
  readonly kind: string;
  readonly key: string;
  /** The text to keep, or what makes it from the results of the same request. */
  readonly value: string | ((results: readonly ChangeResult[]) => string);
}

/** What a mark has to be for a request to stand. */
export interface MarkGuard {
  readonly kind: string;
  readonly key: string;
  /** null: there must be none. */
  readonly value: string | null;
}

/** Changes that stand or fall together. */
export interface WriteRequest {
  readonly changes: readonly Change[];
  readonly marks: readonly Mark[];
  /** Where a mark is another by then, the request fails with `version_moved`. */
  readonly guards?: readonly MarkGuard[];
  readonly origin: Origin;
}

export type WriteOutcome =
  | { readonly ok: true; readonly results: readonly ChangeResult[] }
  | { readonly ok: false; readonly error: Error };
