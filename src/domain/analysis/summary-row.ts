import { type DbType, formatDbType } from '../dataset/db-type.ts';
import { JsonArray, JsonObject, jsonFrom, writeJson } from '../record/json.ts';
import type { Row, Value } from '../record/value.ts';
import { jsonOfValue } from '../record/value-json.ts';

/** What is known of one column, for its row in a summary; null is what it does not have. */
export interface ColumnSummary {
  readonly name: string;
  readonly dbType: DbType;
  readonly count: bigint;
  readonly nulls: bigint;
  readonly distinct: bigint;
  readonly mean: number | null;
  readonly sd: number | null;
  readonly quartiles: readonly [number | null, number | null, number | null];
  /** Canonical values of the column. */
  readonly min: Value;
  readonly max: Value;
  readonly top: readonly { readonly value: Value; readonly count: bigint }[] | null;
  /** Values in equal bins from the least to the most; one bin where all are the same. */
  readonly bins: { readonly least: number; readonly most: number; readonly counts: readonly bigint[] } | null;
}

/** A row of the result of `summary`, in the order of its columns. */
export function summaryRow(summary: ColumnSummary): Row {
  const { name, dbType, count, nulls, distinct, mean, sd, quartiles, min, max, top, bins } = summary;
  const json = (value: Value) => (value === null ? null : writeJson(jsonOfValue(dbType, value)));
  return [
    name,
    formatDbType(dbType),
    count,
    nulls,
    distinct,
    mean,
    sd,
    json(min),
    ...quartiles,
    json(max),
    top === null ? null : writeJson(new JsonArray(top.map((item) => topValue(dbType, item)))),
    bins === null ? null : writeJson(jsonFrom({ edges: edgesOf(bins), counts: bins.counts })),
  ];
}

function topValue(dbType: DbType, { value, count }: { readonly value: Value; readonly count: bigint }): JsonObject {
  return new JsonObject([
    { name: 'value', value: jsonOfValue(dbType, value) },
    { name: 'count', value: jsonFrom(count) },
  ]);
}

/** Both ends of every bin; the ends of the whole are the least and most values themselves. */
function edgesOf({ least, most, counts }: NonNullable<ColumnSummary['bins']>): number[] {
  const bins = counts.length;
  return Array.from({ length: bins + 1 }, (_, at) => (at === bins ? most : least + ((most - least) * at) / bins));
}
