import fc from 'fast-check';
import type { BulkLoader } from '#application/ports/bulk-loader.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import type { Change, ConflictPolicy, Origin } from '#domain/record/change.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { rowRenderer } from '#formats/json/render-record.ts';
import { anyDataset, anyValueOf } from './any-dataset.ts';
import { inPieces } from './bytes.ts';
import { everyType } from './dataset-builders.ts';

/** What is done to a store, one behind the other; `pick` chooses among the records that are there. */
type Deed =
  | { readonly kind: 'create'; readonly at: number; readonly rows: readonly Row[]; readonly id: string | null }
  | { readonly kind: 'upsert'; readonly at: number; readonly rows: readonly Row[] }
  | { readonly kind: 'upload'; readonly at: number; readonly rows: readonly Row[]; readonly policy: ConflictPolicy }
  | { readonly kind: 'patch' | 'replace'; readonly at: number; readonly pick: number; readonly row: Row }
  | { readonly kind: 'delete' | 'renew'; readonly at: number; readonly pick: number }
  | { readonly kind: 'delete-all'; readonly at: number }
  | { readonly kind: 'trim' };

export interface StoreHistory {
  readonly datasets: readonly Dataset[];
  readonly deeds: readonly (Deed & { readonly by: number; readonly marked: boolean })[];
}

const ORIGINS: readonly Origin[] = [
  { caller: 'anna', run: null },
  { caller: 'bert', run: 'run "1"\n' },
  { caller: 'anna', run: '' },
];

const EXTREMES: Readonly<Record<string, readonly Value[]>> = {
  VARCHAR: ['', ' ', '\t\n\r\\', '\\N', '😀 ﷽ é', 'x'.repeat(5000), '"', "'"],
  BIGINT: [-(2n ** 63n), 2n ** 63n - 1n, 0n],
  INTEGER: [-(2 ** 31), 2 ** 31 - 1, 0],
  SMALLINT: [-32768, 32767],
  DOUBLE: [Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE, 0.1, 1e21],
  'DECIMAL(18,4)': ['99999999999999.9999', '-99999999999999.9999', '0.0000', '-0.0001'],
  BOOLEAN: [true, false],
  DATE: ['0001-01-01', '9999-12-31', '1969-12-31', '1600-02-29'],
  TIME: ['00:00:00', '23:59:59.999999', '12:30:00.5'],
  TIMESTAMP: ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
  UUID: ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  JSON: ['{}', '[]', '{"b":1,"a":[null,1.50,"\\u00e9"]}', '"text"', '12345678901234567890.5'],
};

function anyRowOf({ properties }: Dataset): fc.Arbitrary<Row> {
  return fc.tuple(
    ...properties.map(({ dbType, required, primaryKey }): fc.Arbitrary<Value> => {
      const extremes = EXTREMES[formatDbType(dbType)] ?? [];
      const value =
        extremes.length > 0 ? fc.oneof(anyValueOf(dbType), fc.constantFrom(...extremes)) : anyValueOf(dbType);
      return required || primaryKey ? value : fc.option(value);
    }),
  );
}

function anyDeedOn(dataset: Dataset, at: number): fc.Arbitrary<Deed> {
  const rows = (maxLength: number) => fc.array(anyRowOf(dataset), { minLength: 1, maxLength });
  const on = fc.constant(at);
  const pick = fc.nat();
  return fc.oneof<fc.Arbitrary<Deed>[]>(
    fc.record({
      kind: fc.constant('create' as const),
      at: on,
      rows: rows(4),
      id: fc.option<string, null>(fc.uuid()),
    }),
    fc.record({ kind: fc.constant('upsert' as const), at: on, rows: rows(3) }),
    fc.record({
      kind: fc.constant('upload' as const),
      at: on,
      rows: rows(6),
      policy: fc.constantFrom<ConflictPolicy>('error', 'ignore', 'update'),
    }),
    fc.record({ kind: fc.constantFrom('patch' as const, 'replace' as const), at: on, pick, row: anyRowOf(dataset) }),
    fc.record({ kind: fc.constantFrom('delete' as const, 'renew' as const), at: on, pick }),
    fc.record({ kind: fc.constant('delete-all' as const), at: on }),
    fc.constant({ kind: 'trim' as const }),
  );
}

const anyDatasets = fc
  .array(anyDataset, { maxLength: 2 })
  .filter((datasets) => {
    const names = datasets.flatMap(({ name, tableName }) => (name === tableName ? [name] : [name, tableName]));
    return new Set(names.map((name) => name.normalize().toLowerCase())).size === names.length;
  })
  .map((datasets) => [everyType(), everyType('keyed', { primaryKey: ['int'] }), ...datasets]);

/** Datasets of every type, and what happened to them. */
export const anyStoreHistory: fc.Arbitrary<StoreHistory> = anyDatasets.chain((datasets) =>
  fc.record({
    datasets: fc.constant(datasets),
    deeds: fc.array(
      fc
        .tuple(fc.oneof(...datasets.map(anyDeedOn)), fc.nat(ORIGINS.length - 1), fc.boolean())
        .map(([deed, by, marked]) => ({ ...deed, by, marked })),
      { minLength: 5, maxLength: 25 },
    ),
  }),
);

/** Makes it happen in a store; what the rules of keys do not allow is left undone. @returns the keys of the marks */
export async function livePast(engine: StorageEngine, { datasets, deeds }: StoreHistory): Promise<string[]> {
  for (const dataset of datasets) {
    await engine.datasets.apply(await engine.datasets.plan(dataset), { acceptLoss: false });
  }
  const marks: string[] = [];
  const known: string[][] = datasets.map(() => []);
  for (const [index, deed] of deeds.entries()) {
    if (deed.kind === 'trim') {
      await engine.maintenance.trimHistory(new Date().toISOString());
      continue;
    }
    const dataset = datasets[deed.at];
    const ids = known[deed.at];
    if (dataset === undefined || ids === undefined) continue;
    const origin = ORIGINS[deed.by] ?? { caller: 'nobody', run: null };
    if (deed.kind === 'upload') {
      await upload(engine.loader, dataset, deed.rows, deed.policy, origin).catch(() => {});
      continue;
    }
    const key = `answer ${index}\n\\`;
    const request = {
      changes: changesOf(deed, dataset, ids),
      marks: deed.marked ? [{ kind: 'idempotency', key, value: `{"status":201,"body":"${index}\\n"}` }] : [],
      origin,
    };
    const [outcome] = await engine.writer.commit([request]);
    if (!outcome?.ok) continue;
    if (deed.marked) marks.push(key);
    for (const result of outcome.results) if (result.kind === 'created') ids.push(result.record.id);
  }
  return marks;
}

function changesOf(
  deed: Exclude<Deed, { kind: 'trim' | 'upload' }>,
  dataset: Dataset,
  ids: readonly string[],
): Change[] {
  switch (deed.kind) {
    case 'create':
      return deed.rows.map((row, at) => {
        return { kind: 'create', dataset, row, id: at === 0 ? deed.id : null, onConflict: 'error' };
      });
    case 'upsert':
      return deed.rows.map((row) => ({ kind: 'create', dataset, row, id: null, onConflict: 'update' }));
    case 'delete-all':
      return [{ kind: 'delete-matching', dataset, filter: null }];
    default:
  }
  const id = ids[deed.pick % Math.max(1, ids.length)];
  if (id === undefined) return [];
  const row = dataset.properties.map(() => null);
  switch (deed.kind) {
    case 'patch': {
      const at = dataset.properties.findIndex(({ primaryKey }) => !primaryKey);
      return at < 0
        ? []
        : [{ kind: 'patch', dataset, id, values: new Map([[at, deed.row[at] ?? null]]), ifVersion: null }];
    }
    case 'replace':
      return dataset.primaryKey.length > 0 ? [] : [{ kind: 'replace', dataset, id, row: deed.row, ifVersion: null }];
    case 'renew':
      // Gone and back within one commit, under the same id.
      return dataset.properties.some(({ required }) => required)
        ? [{ kind: 'delete', dataset, id, ifVersion: null }]
        : [
            { kind: 'delete', dataset, id, ifVersion: null },
            { kind: 'create', dataset, row, id, onConflict: 'error' },
          ];
    default:
      return [{ kind: 'delete', dataset, id, ifVersion: null }];
  }
}

async function upload(
  loader: BulkLoader,
  dataset: Dataset,
  rows: readonly Row[],
  onConflict: ConflictPolicy,
  origin: Origin,
): Promise<void> {
  const render = rowRenderer(dataset, null);
  const lines = rows.map((row) => `${render(row)}\n`);
  await loader.load({
    dataset,
    format: 'ndjson',
    body: inPieces(lines.join(''), 1000),
    onInvalid: 'reject',
    onConflict,
    marks: [],
    origin,
    returnRecords: false,
    signal: new AbortController().signal,
  });
}
