import fc from 'fast-check';
import { anyCell, anyPattern, type Cell } from '../../support/any-cell.ts';

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

export const TYPES = [
  'VARCHAR',
  'BIGINT',
  'INTEGER',
  'SMALLINT',
  'DOUBLE',
  'BOOLEAN',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'UUID',
  'JSON',
  'DECIMAL(4,0)',
  'DECIMAL(9,2)',
  'DECIMAL(18,4)',
  'DECIMAL(38,10)',
  'DECIMAL(38,38)',
] as const;

const anyType = fc.constantFrom('VARCHAR', 'VARCHAR', 'VARCHAR', ...TYPES);
const pick = fc.nat(30);
const table = fc.nat(1);
const rarely = fc.constantFrom(false, false, false, true);

function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

const anyRule: fc.Arbitrary<RuleSpec> = fc.record({
  kind: fc.constantFrom('enum' as const, 'bounds' as const, 'lengths' as const, 'pattern' as const),
  picks: fc.array(pick, { minLength: 1, maxLength: 3 }),
});

const anyColumn: fc.Arbitrary<ColumnSpec> = fc.record({
  name: pick,
  type: anyType,
  required: rarely,
  unique: rarely,
  index: rarely,
  default: fc.option(pick, { freq: 2 }),
  rule: seldom(anyRule),
});

const anyTable: fc.Arbitrary<TableSpec> = fc.record({
  columns: fc.array(anyColumn, { minLength: 1, maxLength: 5, size: 'max' }),
  key: fc.constantFrom(0, 0, 1, 1, 2),
  ignoresOthers: rarely,
  idIndex: fc.constantFrom('auto' as const, 'auto' as const, 'always' as const, 'never' as const),
});

const anyCellSpec = (garbage: number): fc.Arbitrary<CellSpec> =>
  fc.record({
    as: fc.oneof(
      { weight: 75, arbitrary: fc.constant('value' as const) },
      { weight: 12, arbitrary: fc.constant('null' as const) },
      { weight: 8, arbitrary: fc.constant('absent' as const) },
      { weight: garbage, arbitrary: fc.constantFrom('any' as const, 'garbage' as const) },
    ),
    pick,
  });

const anyRow = (garbage: number): fc.Arbitrary<RowSpec> =>
  fc.record({
    cells: fc.array(anyCellSpec(garbage), { minLength: 7, maxLength: 7 }),
    id: seldom(fc.nat(5)),
  });

const policy = fc.constantFrom<Policy[]>('error', 'ignore', 'update');
const ifVersion = fc.constantFrom<IfVersion[]>('none', 'none', 'current', 'other');

const anyChange: fc.Arbitrary<ChangeSpec> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('create' as const), row: anyRow(1), onConflict: policy }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('patch' as const, 'patch' as const, 'replace' as const),
      record: pick,
      row: anyRow(1),
      ifVersion,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), record: pick, ifVersion }) },
);

const anyFilter: fc.Arbitrary<FilterSpec> = fc.letrec<{ filter: FilterSpec }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 2 },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('test' as const),
        field: pick,
        operator: pick,
        picks: fc.array(pick, { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        items: fc.array(tie('filter'), { maxLength: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('not' as const), item: tie('filter') }) },
  ),
})).filter;

const anyMark = seldom(fc.nat(3));

const anyRequest: fc.Arbitrary<RequestSpec> = fc.record({
  changes: fc.array(fc.record({ table, change: anyChange }), { minLength: 1, maxLength: 3 }),
  deletes: fc.constant(null),
  mark: anyMark,
});

/** Requests that delete by a filter stand first or last, so that all ids of a call come of one commit. */
const anyWrite: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      requests: fc.array(anyRequest, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.array(anyRequest, { maxLength: 2 }),
        fc.record({ table, filter: fc.option(anyFilter) }),
        fc.boolean(),
        anyMark,
      )
      .map(([others, deletes, isFirst, mark]): Step => {
        const request: RequestSpec = { changes: [], deletes, mark };
        return { kind: 'write', requests: isFirst ? [request, ...others] : [...others, request] };
      }),
  },
);

const anyLoad: fc.Arbitrary<LoadSpec> = fc.record({
  kind: fc.constant('load' as const),
  table,
  format: fc.constantFrom('ndjson', 'ndjson', 'json', 'csv', 'csv', 'arrow', 'parquet'),
  rows: fc.oneof(fc.array(anyRow(0), { minLength: 1, maxLength: 8 }), fc.array(anyRow(6), { maxLength: 8 })),
  onInvalid: fc.constantFrom('abort', 'reject', 'reject'),
  onConflict: policy,
  returnRecords: rarely,
  wholeRecords: rarely,
  mark: anyMark,
  pieces: fc.constantFrom(3, 50, 10_000),
  copies: fc.oneof({ weight: 40, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(600) }),
});

const anyEvolution: fc.Arbitrary<EvolutionSpec> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), column: anyColumn }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'drop' as const,
        'required' as const,
        'unique' as const,
        'index' as const,
        'describe' as const,
      ),
      at: pick,
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('retype' as const), at: pick, type: anyType }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('rule' as const), at: pick, rule: fc.option(anyRule) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('default' as const), at: pick, pick: fc.option(pick) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('key' as const), columns: fc.array(pick, { maxLength: 2 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('reorder' as const, 'others' as const, 'id-index' as const, 'rename' as const),
    }),
  },
);

const anyAggregate = fc.record({ field: pick, how: pick });

const anyRead: fc.Arbitrary<ReadSpec> = fc.oneof(
  fc.record({
    kind: fc.constant('pages' as const),
    size: fc.integer({ min: 1, max: 6 }),
    fields: seldom(fc.array(pick, { maxLength: 3 })),
  }),
  fc.record({ kind: fc.constant('count' as const) }),
  fc.record({
    kind: fc.constant('aggregate' as const),
    keys: fc.array(anyAggregate, { maxLength: 2 }),
    measures: fc.array(anyAggregate, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constantFrom('ids' as const, 'keys' as const), picks: fc.array(pick, { maxLength: 5 }) }),
  fc.record({
    kind: fc.constant('stream' as const),
    format: fc.constantFrom<StreamFormatSpec[]>('ndjson', 'ndjson-flat', 'csv', 'arrow', 'parquet'),
    limit: seldom(fc.nat(6)),
  }),
  fc.record({
    kind: fc.constant('batches' as const),
    columns: fc.option(fc.array(pick, { minLength: 1, maxLength: 3 })),
  }),
  fc.record({
    kind: fc.constant('changes' as const),
    since: pick,
    limit: fc.integer({ min: 1, max: 12 }),
    latest: fc.boolean(),
    images: fc.boolean(),
  }),
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: anyWrite },
  { weight: 10, arbitrary: anyLoad },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('evolve' as const),
      table,
      changes: fc.array(anyEvolution, { minLength: 1, maxLength: 2 }),
      acceptLoss: fc.boolean(),
      force: fc.boolean(),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      table,
      filter: fc.option(anyFilter),
      sort: fc.array(fc.record({ field: pick, order: fc.constantFrom('asc' as const, 'desc' as const) }), {
        maxLength: 2,
      }),
      read: anyRead,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('marks' as const), forgetBefore: seldom(pick) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const), before: pick }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
);

const anyPools = fc.record(
  Object.fromEntries(TYPES.map((type) => [type, fc.array(anyCell(type), { minLength: 3, maxLength: 6, size: 'max' })])),
);

export const anyStory: fc.Arbitrary<Story> = fc.record({
  tables: fc.tuple(anyTable, anyTable),
  pools: anyPools,
  patterns: fc.array(anyPattern, { minLength: 2, maxLength: 4 }),
  steps: fc.array(anyStep, { minLength: 6, maxLength: 25, size: 'max' }),
});
