import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { BIGINT, column, DOUBLE, isNumber } from '#domain/analysis/column.ts';
import { inputColumn } from '#domain/analysis/operation.ts';
import { type ColumnSummary, summaryRow } from '#domain/analysis/summary-row.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { type DuckDbContext, selectFew } from '../duckdb-context.ts';
import { meanSql } from '../duckdb-measures.ts';
import { asDouble, double, quoted } from '../duckdb-sql-text.ts';

type Parameters = ParametersOf<'summary'>;

interface Described {
  readonly name: string;
  readonly dbType: DbType;
}

/**
 * One pass tells everything of all columns that an aggregate can; the top values and the bins of a histogram, which
 * need the least and most value, are a query a column.
 */
export async function summaryRows(parameters: Parameters, context: DuckDbContext): Promise<Row[]> {
  const described = parameters.columns.map((name) => inputColumn(context.input.columns, name));
  const statistics = await readStatistics(described, parameters.approximate, context);
  const rows: Row[] = [];
  for (const [index, { name, dbType }] of described.entries()) {
    const known = statistics[index] as Statistics;
    const top = parameters.top === 0 ? null : await readTop({ name, dbType }, parameters.top, context);
    const bins =
      parameters.bins === 0 || !isNumber(dbType) ? null : await readBins(name, known, parameters.bins, context);
    rows.push(summaryRow({ name, dbType, ...known, top, bins }));
  }
  return rows;
}

type Statistics = Omit<ColumnSummary, 'name' | 'dbType' | 'top' | 'bins'>;

/** Aggregates of one column, in the order in which `statisticsOf` takes them. */
function aggregates(
  { name, dbType }: Described,
  approximate: boolean,
): { readonly sql: string; readonly type: DbType }[] {
  const value = quoted(name);
  const number = asDouble(name);
  const quartiles = `${approximate ? 'approx_quantile' : 'quantile_cont'}(${number}, [0.25, 0.5, 0.75])`;
  const numeric = isNumber(dbType)
    ? [meanSql(name, dbType), `stddev_samp(${number})`, `${quartiles}[1]`, `${quartiles}[2]`, `${quartiles}[3]`]
    : ['NULL', 'NULL', 'NULL', 'NULL', 'NULL'];
  const extreme = (sql: string) => ({ sql: dbType.name === 'JSON' ? 'NULL' : sql, type: dbType });
  return [
    { sql: `count(${value})`, type: BIGINT },
    { sql: 'count(*)', type: BIGINT },
    { sql: approximate ? `approx_count_distinct(${value})` : `count(DISTINCT ${value})`, type: BIGINT },
    ...numeric.map((sql) => ({ sql, type: DOUBLE })),
    extreme(`min(${value})`),
    extreme(`max(${value})`),
  ];
}

async function readStatistics(
  described: readonly Described[],
  approximate: boolean,
  context: DuckDbContext,
): Promise<Statistics[]> {
  const asked = described.map((one) => aggregates(one, approximate));
  const all = asked.flat();
  const columns = all.map(({ type }, index) => column(`a${index}`, type));
  const [row = []] = await selectFew(context, `SELECT ${all.map(({ sql }) => sql).join(', ')} FROM input`, columns);
  let at = 0;
  return asked.map((own) => {
    const values = row.slice(at, at + own.length);
    at += own.length;
    return statisticsOf(values);
  });
}

function statisticsOf(values: readonly Value[]): Statistics {
  const [count = 0n, rows = 0n, distinct = 0n, mean, sd, q1, median, q3, min = null, max = null] = values;
  const number = (value: Value | undefined) => (typeof value === 'number' ? value : null);
  return {
    count: count as bigint,
    nulls: (rows as bigint) - (count as bigint),
    distinct: distinct as bigint,
    mean: number(mean),
    sd: number(sd),
    quartiles: [number(q1), number(median), number(q3)],
    min,
    max,
  };
}

async function readTop({ name, dbType }: Described, most: number, context: DuckDbContext) {
  const value = quoted(name);
  const sql =
    `SELECT ${value}, count(*) AS n FROM input WHERE ${value} IS NOT NULL ` +
    `GROUP BY ${value} ORDER BY n DESC, ${value} LIMIT ${most}`;
  const rows = await selectFew(context, sql, [column('value', dbType), column('count', BIGINT)]);
  return rows.map(([top = null, count = 0n]) => ({ value: top, count: count as bigint }));
}

async function readBins(name: string, { min, max, count }: Statistics, bins: number, context: DuckDbContext) {
  if (min === null || max === null) return null;
  const least = Number(min);
  const most = Number(max);
  if (least === most) return { least, most, counts: [count] };
  const place = `floor((${asDouble(name)} - ${double(least)}) / ${double(most - least)} * ${bins})`;
  const sql = `SELECT least(${place}, ${bins - 1})::BIGINT AS bin, count(*) FROM input WHERE ${quoted(name)} IS NOT NULL GROUP BY bin`;
  const schema: ColumnSchema[] = [column('bin', BIGINT), column('count', BIGINT)];
  const counts = new Array<bigint>(bins).fill(0n);
  for (const [bin, inBin] of await selectFew(context, sql, schema)) counts[Number(bin)] = inBin as bigint;
  return { least, most, counts };
}
