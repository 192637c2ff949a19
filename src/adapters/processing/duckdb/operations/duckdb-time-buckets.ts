import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { checkBucketCount } from '#domain/analysis/bucket-limit.ts';
import { column, DOUBLE } from '#domain/analysis/column.ts';
import type { Measure } from '#domain/analysis/measures.ts';
import type { TimeBucket } from '#domain/query/aggregation.ts';
import { type DuckDbContext, selectFew } from '../duckdb-context.ts';
import { measureSql } from '../duckdb-measures.ts';
import { quoted } from '../duckdb-sql-text.ts';

type Parameters = ParametersOf<'time_buckets'>;

export async function timeBucketsSql(parameters: Parameters, context: DuckDbContext): Promise<string> {
  const { time, every, by, measures, fill } = parameters;
  const keys = by.map((_, index) => `k${index}`);
  const gathered = gatheredSql(parameters);
  const order = [...keys.map((key) => `${key} NULLS LAST`), 't'].join(', ');
  if (fill === 'none') return `${gathered} SELECT * FROM gathered ORDER BY ${order}`;
  await checkCount({ time, every, by }, 0, context);
  const values = measures.map((measure, index) => `${filled(measure, `m${index}`, fill, keys)} AS m${index}`);
  return (
    `${gathered}, ${stepsSql(every, 0)}, ${cellsSql(keys, measures.length)} ` +
    `SELECT ${[...keys, 't', ...values].join(', ')} FROM cells ORDER BY ${order}`
  );
}

/** The buckets that rows fall in, as `gathered`: keys `k0` …, the bucket `t`, measures `m0` …. */
export function gatheredSql({
  time,
  every,
  by,
  measures,
}: Pick<Parameters, 'time' | 'every' | 'by' | 'measures'>): string {
  const select = [
    ...by.map((name, index) => `${quoted(name)} AS k${index}`),
    `date_trunc('${every}', ${quoted(time)})::TIMESTAMP AS t`,
    ...measures.map((measure, index) => `${measureSql(measure)} AS m${index}`),
  ];
  const places = [...by, time].map((_, index) => String(index + 1));
  return `WITH gathered AS (SELECT ${select.join(', ')} FROM input WHERE ${quoted(time)} IS NOT NULL GROUP BY ${places.join(', ')})`;
}

/** All buckets from the first to the last and some beyond, as `steps`. */
export function stepsSql(every: TimeBucket, beyond: number): string {
  const step = every === 'quarter' ? "INTERVAL '3 months'" : `INTERVAL '1 ${every}'`;
  return (
    `steps AS (SELECT unnest(generate_series(first, last + ${beyond} * ${step}, ${step})) AS t ` +
    `FROM (SELECT min(t) AS first, max(t) AS last FROM gathered))`
  );
}

/** Every key with every bucket, as `cells`. */
function cellsSql(keys: readonly string[], measures: number): string {
  const figures = Array.from({ length: measures }, (_, index) => `gathered.m${index}`).join(', ');
  if (keys.length === 0) return `cells AS (SELECT t, ${figures} FROM steps LEFT JOIN gathered USING (t))`;
  const shown = keys.map((key) => `keys.${key}`).join(', ');
  const same = keys.map((key) => `gathered.${key} IS NOT DISTINCT FROM keys.${key}`).join(' AND ');
  return (
    `keys AS (SELECT DISTINCT ${keys.join(', ')} FROM gathered), ` +
    `cells AS (SELECT ${shown}, steps.t, ${figures} FROM keys CROSS JOIN steps LEFT JOIN gathered ON gathered.t = steps.t AND ${same})`
  );
}

function filled(
  { function: name, type }: Measure,
  value: string,
  fill: Parameters['fill'],
  keys: readonly string[],
): string {
  if (name === 'count' || name === 'distinct') return `coalesce(${value}, 0)`;
  const isNumber = type.name === 'DOUBLE';
  const partition = keys.length === 0 ? '' : `PARTITION BY ${keys.join(', ')} `;
  const before = (of: string) =>
    `last_value(${of} IGNORE NULLS) OVER (${partition}ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
  const after = (of: string) =>
    `first_value(${of} IGNORE NULLS) OVER (${partition}ORDER BY t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)`;
  const timeOf = `CASE WHEN ${value} IS NOT NULL THEN epoch_us(t)::DOUBLE END`;
  switch (fill) {
    case 'zero':
      return isNumber ? `coalesce(${value}, 0.0)` : value;
    case 'previous':
      return before(value);
    case 'linear': {
      if (!isNumber) return value;
      const part = `(epoch_us(t)::DOUBLE - ${before(timeOf)}) / (${after(timeOf)} - ${before(timeOf)})`;
      return `coalesce(${value}, ${before(value)} + (${after(value)} - ${before(value)}) * ${part})`;
    }
    default:
      return value;
  }
}

/** @throws DataForgeError `too_large` where the time is too long for the bucket */
export async function checkCount(
  { time, every, by }: Pick<Parameters, 'time' | 'every' | 'by'>,
  beyond: number,
  context: DuckDbContext,
  most?: number,
): Promise<void> {
  const keys = by.length === 0 ? '1' : `count(DISTINCT row(${by.map(quoted).join(', ')}))`;
  const sql =
    `SELECT (date_diff('${every}', min(${quoted(time)})::TIMESTAMP, max(${quoted(time)})::TIMESTAMP) + 1 + ${beyond})::DOUBLE * ${keys} ` +
    `FROM input WHERE ${quoted(time)} IS NOT NULL`;
  const [[count = null] = []] = await selectFew(context, sql, [column('count', DOUBLE)]);
  checkBucketCount(Number(count), every, most);
}
