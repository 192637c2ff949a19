import type { Cell } from '../../support/any-cell.ts';

/** What is drawn for one run: datasets, a stock of values for each type, and what is done one after the other. */
export interface Story {
  readonly tables: readonly TableSpec[];
  /** By type in the notation of dataset files: the values that rows and filters take, so that they meet. */
  readonly pools: Readonly<Record<string, readonly Cell[]>>;
  readonly patterns: readonly string[];
  readonly steps: readonly Step[];
}

export interface TableSpec {
  readonly columns: readonly ColumnSpec[];
  /** How many of the columns, from the first, make the natural key. */
  readonly key: number;
  readonly ignoresOthers: boolean;
  readonly idIndex: 'auto' | 'always' | 'never';
}

export interface ColumnSpec {
  readonly name: number;
  readonly type: string;
  readonly required: boolean;
  readonly unique: boolean;
  readonly index: boolean;
  readonly default: number | null;
  readonly rule: RuleSpec | null;
}

export interface RuleSpec {
  readonly kind: 'enum' | 'bounds' | 'lengths' | 'pattern';
  readonly picks: readonly number[];
}

/** A value of a row. `any` may break a rule of its property, `garbage` is of no use to any type or to few. */
export interface CellSpec {
  readonly as: 'value' | 'null' | 'absent' | 'any' | 'garbage';
  readonly pick: number;
}

export interface RowSpec {
  readonly cells: readonly CellSpec[];
  readonly id: number | null;
}

export type ChangeSpec =
  | { readonly kind: 'create'; readonly row: RowSpec; readonly onConflict: Policy }
  | {
      readonly kind: 'patch' | 'replace';
      readonly record: number;
      readonly row: RowSpec;
      readonly ifVersion: IfVersion;
    }
  | { readonly kind: 'delete'; readonly record: number; readonly ifVersion: IfVersion };

export type Policy = 'error' | 'ignore' | 'update';
export type IfVersion = 'none' | 'current' | 'other';

export interface RequestSpec {
  readonly changes: readonly { readonly table: number; readonly change: ChangeSpec }[];
  /** Instead of the changes: deletes what a filter matches. */
  readonly deletes: { readonly table: number; readonly filter: FilterSpec | null } | null;
  readonly mark: number | null;
}

export type FilterSpec =
  | { readonly kind: 'and' | 'or'; readonly items: readonly FilterSpec[] }
  | { readonly kind: 'not'; readonly item: FilterSpec }
  | { readonly kind: 'test'; readonly field: number; readonly operator: number; readonly picks: readonly number[] };

export interface LoadSpec {
  readonly kind: 'load';
  readonly table: number;
  readonly format: 'ndjson' | 'json' | 'csv' | 'arrow' | 'parquet';
  readonly rows: readonly RowSpec[];
  readonly onInvalid: 'abort' | 'reject';
  readonly onConflict: Policy;
  readonly returnRecords: boolean;
  readonly wholeRecords: boolean;
  readonly mark: number | null;
  readonly pieces: number;
  /** How often the rows come again, with other ids or keys where they can. */
  readonly copies: number;
}

export type EvolutionSpec =
  | { readonly kind: 'add'; readonly column: ColumnSpec }
  | { readonly kind: 'drop' | 'required' | 'unique' | 'index' | 'describe'; readonly at: number }
  | { readonly kind: 'retype'; readonly at: number; readonly type: string }
  | { readonly kind: 'rule'; readonly at: number; readonly rule: RuleSpec | null }
  | { readonly kind: 'default'; readonly at: number; readonly pick: number | null }
  | { readonly kind: 'key'; readonly columns: readonly number[] }
  | { readonly kind: 'reorder' | 'others' | 'id-index' | 'rename' };

export interface SortSpec {
  readonly field: number;
  readonly order: 'asc' | 'desc';
}

export type ReadSpec =
  | { readonly kind: 'pages'; readonly size: number; readonly fields: readonly number[] | null }
  | { readonly kind: 'count' }
  | { readonly kind: 'aggregate'; readonly keys: readonly AggregateSpec[]; readonly measures: readonly AggregateSpec[] }
  | { readonly kind: 'ids' | 'keys'; readonly picks: readonly number[] }
  | { readonly kind: 'stream'; readonly format: StreamFormatSpec; readonly limit: number | null }
  | { readonly kind: 'batches'; readonly columns: readonly number[] | null }
  | {
      readonly kind: 'changes';
      readonly since: number;
      readonly limit: number;
      readonly latest: boolean;
      readonly images: boolean;
    };

export type StreamFormatSpec = 'ndjson' | 'ndjson-flat' | 'csv' | 'arrow' | 'parquet';

export interface AggregateSpec {
  readonly field: number;
  readonly how: number;
}

export type Step =
  | { readonly kind: 'write'; readonly requests: readonly RequestSpec[] }
  | LoadSpec
  | {
      readonly kind: 'evolve';
      readonly table: number;
      readonly changes: readonly EvolutionSpec[];
      readonly acceptLoss: boolean;
      readonly force: boolean;
    }
  | {
      readonly kind: 'read';
      readonly table: number;
      readonly filter: FilterSpec | null;
      readonly sort: readonly SortSpec[];
      readonly read: ReadSpec;
    }
  | { readonly kind: 'marks'; readonly forgetBefore: number | null }
  | { readonly kind: 'trim'; readonly before: number }
  | { readonly kind: 'reopen' };
