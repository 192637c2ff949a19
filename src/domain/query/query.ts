import type { Dataset, Property } from '../dataset/dataset.ts';
import type { Value } from '../record/value.ts';

export type SystemFieldName = 'id' | 'created_at' | 'updated_at' | 'version' | 'seq';

/** What a filter or a sort speaks of: a property, or a field every record has. */
export type Field =
  | { readonly kind: 'property'; readonly index: number; readonly property: Property }
  | { readonly kind: 'system'; readonly name: SystemFieldName };

export type ComparisonOperator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte';

/** A filter, its values already canonical. Its meaning is SQL's three-valued logic (`evaluate.ts`). */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Filter[] }
  | { readonly kind: 'not'; readonly item: Filter }
  | {
      readonly kind: 'compare';
      readonly field: Field;
      readonly operator: ComparisonOperator;
      readonly value: Exclude<Value, null> | null;
    }
  | { readonly kind: 'in'; readonly field: Field; readonly values: readonly Value[] }
  | { readonly kind: 'like'; readonly field: Field; readonly pattern: LikePattern; readonly ignoreCase: boolean }
  | { readonly kind: 'null'; readonly field: Field; readonly negated: boolean };

/** An SQL pattern taken apart: literal text, any one character, any run of characters. */
export type LikePattern = readonly LikeToken[];
export type LikeToken =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'any' };

export interface SortKey {
  readonly field: Field;
  readonly order: 'asc' | 'desc';
}

/** Which records, in which order, with which properties. Ties are broken by `id`; nulls sort last either way. */
export interface RecordQuery {
  readonly dataset: Dataset;
  readonly filter: Filter | null;
  readonly sort: readonly SortKey[];
  /** Positions of the properties asked for, ascending; null for all. */
  readonly fields: readonly number[] | null;
}

/** A place in a sorted list: the sort values of a record, and its id. */
export interface Position {
  readonly values: readonly Value[];
  readonly id: string;
}

export interface PageQuery extends RecordQuery {
  readonly size: number;
  /** Where the page starts: so many records in, or behind a record. */
  readonly start:
    | { readonly kind: 'offset'; readonly offset: number }
    | { readonly kind: 'after'; readonly position: Position };
}

export interface StreamQuery extends RecordQuery {
  readonly limit: number | null;
}
