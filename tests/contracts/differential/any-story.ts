import fc from 'fast-check';
import { anyCell, anyPattern } from '../../support/any-cell.ts';
import type {
  CellSpec,
  ChangeSpec,
  ColumnSpec,
  EvolutionSpec,
  FilterSpec,
  IfVersion,
  LoadSpec,
  Policy,
  ReadSpec,
  RequestSpec,
  RowSpec,
  RuleSpec,
  Step,
  Story,
  StreamFormatSpec,
  TableSpec,
} from './story.ts';

const TYPES = [
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
