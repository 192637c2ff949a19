import pl, { type DataFrame, type Expr } from 'nodejs-polars';
import type { DbType } from '#domain/dataset/db-type.ts';
import { openArrow } from '#formats/arrow/read-arrow.ts';
import { readValues } from '#formats/columns/read-values.ts';
import type { RawValue } from '../worker/column-forms.ts';
import type { Library, RawColumns, WindowPlan, WireMeasure } from '../worker/library.ts';

const MAX_BATCH_BYTES = 2 ** 31;
/** Rows in the order in which they came, where nothing else puts them in order. */
const PLACE = 'place';
const OTHER_PLACE = 'other_place';

/** What the shared operations need of Polars (https://pola-rs.github.io/nodejs-polars). */
export const polarsLibrary: Library<DataFrame> = {
  version: pl.version,

  open(arrow) {
    return pl.readIPCStream(Buffer.from(arrow.buffer, arrow.byteOffset, arrow.byteLength));
  },

  async group(table, keys, measures) {
    const figures = measures.map((measure, index) => figureOf(measure).alias(`m${index}`));
    const groups = keys.length === 0 ? table.select(...figures) : table.groupBy([...keys]).agg(...figures);
    return rawColumns(groups, [...keys, ...measures.map((_, index) => `m${index}`)]);
  },

  quantiles(table, wire, probabilities) {
    const names = probabilities.map((_, index) => `q${index}`);
    const exprs = probabilities.map((probability, index) => linearQuantile(wire, probability).alias(`q${index}`));
    const [row] = table.select(...exprs).toRecords();
    return names.map((name) => numberOf(row?.[name]));
  },

  correlation(table, left, right) {
    const both = table.filter(pl.col(left).isNotNull().and(pl.col(right).isNotNull()));
    const [row] = both.select(pl.pearsonCorr(pl.col(left), pl.col(right)).alias('r')).toRecords();
    return numberOf(row?.r);
  },

  async top(table, wire, most) {
    const counts = present(table, wire)
      .groupBy([wire])
      .agg(pl.len().cast(pl.Int64).alias('n'))
      .sort([wire], false, true)
      .withColumn(pl.lit(0).sub(pl.col('n')).alias('rank'))
      .sort(['rank'], false, true, true)
      .head(most);
    return rawColumns(counts, [wire, 'n']);
  },

  async bins(table, wire, { least, most, bins }) {
    const place = pl
      .col(wire)
      .sub(pl.lit(least))
      .div(pl.lit(most - least))
      .mul(pl.lit(bins))
      .floor()
      .alias('bin');
    const counted = present(table, wire).select(place).groupBy(['bin']).agg(pl.len().cast(pl.Int64).alias('n'));
    const [places = [], counts = []] = await rawColumns(counted, ['bin', 'n']);
    const found = new Array<number>(bins).fill(0);
    places.forEach((bin, at) => {
      const index = Math.min(Number(bin), bins - 1);
      found[index] = (found[index] ?? 0) + Number(counts[at]);
    });
    return found;
  },

  deviation(table, wire, centre) {
    const [row] = table.select(pl.col(wire).sub(pl.lit(centre)).abs().median().alias('d')).toRecords();
    return numberOf(row?.d);
  },

  async outside(table, wire, { lower, upper }, shown) {
    const rows = table.filter(
      pl
        .col(wire)
        .lt(pl.lit(lower))
        .or(pl.col(wire).gt(pl.lit(upper))),
    );
    return rawColumns(rows, [wire, ...shown]);
  },

  async window(table, plan) {
    const { by, orderBy, identity, shown } = plan;
    const sorted = inOrder(table, [...by, orderBy, ...(identity === null ? [] : [identity])]);
    const figures = plan.measures.map((measure, index) => {
      const figure = rolling(measure, plan.rows ?? Math.max(1, table.height));
      return overKeys(figure, by).alias(`m${index}`);
    });
    const slid = figures.length === 0 ? sorted : sorted.withColumns(...figures);
    return rawColumns(slid, [...shown, ...figures.map((_, index) => `m${index}`)]);
  },

  async join(table, other, { on, how, shown, othersShown, identity, otherIdentity, limit }) {
    const left = table.withRowIndex(PLACE);
    const renamed = other
      .rename(Object.fromEntries(other.columns.map((name) => [name, `r_${name}`])))
      .withRowIndex(OTHER_PLACE);
    // A key of the right side is merged into the left one's, so what is to be shown of it needs a column of its own.
    const copies = othersShown.map((name) => pl.col(`r_${name}`).alias(`s_${name}`));
    const right = copies.length === 0 ? renamed : renamed.withColumns(...copies);
    const keys = { leftOn: on.map((pair) => pair.left), rightOn: on.map((pair) => `r_${pair.right}`) };
    const joined = left.join(right, { ...keys, how });
    const order = [identity ?? PLACE, otherIdentity === null ? OTHER_PLACE : `r_${otherIdentity}`];
    const rows = inOrder(
      joined,
      order.filter((name) => joined.columns.includes(name)),
    ).head(limit);
    return rawColumns(rows, [...shown, ...othersShown.map((name) => `s_${name}`)]);
  },

  async deduplicate(table, { on, keep, orderBy, identity, shown }) {
    const order = [orderBy, identity].filter((name) => name !== null);
    const kept = inOrder(table, order).unique({ subset: [...on], keep, maintainOrder: true });
    return rawColumns(kept, shown);
  },
};

function present(table: DataFrame, wire: string): DataFrame {
  return table.filter(pl.col(wire).isNotNull());
}

/** Stable, so that equal rows keep the order in which they came. */
function inOrder(table: DataFrame, by: readonly string[]): DataFrame {
  return by.length === 0 ? table : table.sort([...by], false, true, true);
}

function figureOf({ function: name, wire }: WireMeasure): Expr {
  if (wire === null) return pl.len().cast(pl.Int64);
  const value = pl.col(wire);
  switch (name) {
    case 'count':
      return value.count().cast(pl.Int64);
    case 'distinct':
      return value.filter(value.isNotNull()).nUnique().cast(pl.Int64);
    case 'sum':
      // The sum of nothing is 0 there.
      return pl
        .when(value.count().gt(pl.lit(0)))
        .then(value.sum())
        .otherwise(pl.lit(null));
    case 'mean':
      return value.mean();
    case 'sd':
      return value.std();
    case 'variance':
      return value.var();
    case 'median':
      return value.median();
    case 'min':
      return value.min();
    case 'max':
      return value.max();
  }
}

function rolling({ function: name, wire }: WindowPlan['measures'][number], windowSize: number): Expr {
  const value = pl.col(wire);
  const options = { windowSize, minPeriods: 1 };
  switch (name) {
    case 'count':
      return value.isNotNull().cast(pl.Float64).rollingSum(options).cast(pl.Int64);
    case 'sum':
      return value.rollingSum(options);
    case 'mean':
      return value.rollingMean(options);
    case 'min':
      return value.rollingMin(options);
    case 'max':
      return value.rollingMax(options);
    case 'sd':
      return value.rollingStd({ ...options, minPeriods: 2, ddof: 1 });
  }
}

function overKeys(figure: Expr, [first, ...others]: readonly string[]): Expr {
  return first === undefined ? figure : figure.over(first, ...others);
}

/** The second parameter is there, and not in the library's types. */
function linearQuantile(wire: string, probability: number): Expr {
  const column = pl.col(wire) as unknown as { quantile(of: number, interpolation: 'linear'): Expr };
  return column.quantile(probability, 'linear');
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Columns of a frame as plain values, by way of Arrow: whole numbers keep all their digits. */
async function rawColumns(frame: DataFrame, names: readonly string[]): Promise<RawColumns> {
  const wanted = frame.select(...names.map((name, index) => pl.col(name).alias(`c${index}`)));
  const types = wanted.dtypes.map((type): DbType => plainType(String(type)));
  const reader = await openArrow(each([wanted.writeIPCStream()]), { maxMessageBytes: MAX_BATCH_BYTES });
  const columns = names.map((): RawValue[] => []);
  for await (const { batch } of reader.read(types)) {
    batch.columns.forEach((vector, index) => {
      for (const value of readValues(types[index] as DbType, vector, batch.length)) columns[index]?.push(value);
    });
  }
  return columns;
}

function plainType(type: string): DbType {
  if (/Float/.test(type)) return { name: 'DOUBLE' };
  if (/Bool/.test(type)) return { name: 'BOOLEAN' };
  return /Int/.test(type) ? { name: 'BIGINT' } : { name: 'VARCHAR' };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
