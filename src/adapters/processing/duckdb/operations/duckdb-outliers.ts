import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { column, DOUBLE } from '#domain/analysis/column.ts';
import { identityOf } from '#domain/analysis/operation.ts';
import { type OutlierFacts, type OutlierRule, outlierRule } from '#domain/analysis/outlier-rule.ts';
import type { Value } from '#domain/record/value.ts';
import { type DuckDbContext, selectFew } from '../duckdb-context.ts';
import { asDouble, double, quoted, rowOrder, text } from '../duckdb-sql-text.ts';

type Parameters = ParametersOf<'outliers'>;

/** What a column is judged by is asked for first, of all columns at once. */
export async function outliersSql(parameters: Parameters, context: DuckDbContext): Promise<string> {
  const { columns, method, threshold, keep } = parameters;
  const facts = await readFacts(columns, method, context);
  const shown = [...new Set([...identityOf(context.input.columns), ...keep])].map(quoted);
  const row = rowOrder(context.input);
  const parts = columns.flatMap((name, place) => {
    const rule = outlierRule(facts[place] as OutlierFacts, threshold);
    return rule === null ? [] : [columnSql(name, place, rule, [...shown, row])];
  });
  const names = shown.map((_, index) => `s${index}`);
  const result = [...names, 'name', 'value', 'score', 'lower', 'upper'].join(', ');
  if (parts.length === 0)
    return `SELECT ${Array(names.length + 5)
      .fill('NULL')
      .join(', ')} WHERE false`;
  const all = [...names, 'row_order', 'name', 'place', 'value', 'score', 'lower', 'upper'].join(', ');
  return (
    `SELECT ${result} FROM (${parts.join(' UNION ALL ')}) AS found(${all}) ` +
    `ORDER BY place, abs(score) DESC, value, row_order`
  );
}

function columnSql(name: string, place: number, rule: OutlierRule, shown: readonly string[]): string {
  const value = asDouble(name);
  const from = `CASE WHEN ${value} < ${double(rule.low)} THEN ${double(rule.low)} WHEN ${value} > ${double(rule.high)} THEN ${double(rule.high)} ELSE ${value} END`;
  const score = `(${value} - ${from}) / ${double(rule.scale)}`;
  const select = [...shown, text(name), String(place), value, score, double(rule.lower), double(rule.upper)];
  return `SELECT ${select.join(', ')} FROM input WHERE abs(${score}) > ${double(rule.threshold)}`;
}

async function readFacts(
  columns: readonly string[],
  method: Parameters['method'],
  context: DuckDbContext,
): Promise<OutlierFacts[]> {
  const select = columns.flatMap((name) => factsSql(asDouble(name), method));
  const schema = select.map((_, index) => column(`f${index}`, DOUBLE));
  const [found = []] = await selectFew(context, `SELECT ${select.join(', ')} FROM input`, schema);
  return columns.map((_, index) => factsOf(method, found[index * 2], found[index * 2 + 1]));
}

function factsSql(value: string, method: Parameters['method']): readonly string[] {
  switch (method) {
    case 'z':
      return [`favg(${value})`, `stddev_samp(${value})`];
    case 'iqr':
      return [`quantile_cont(${value}, 0.25)`, `quantile_cont(${value}, 0.75)`];
    case 'mad':
      return [`quantile_cont(${value}, 0.5)`, `mad(${value})`];
  }
}

function factsOf(method: Parameters['method'], first: Value | undefined, second: Value | undefined): OutlierFacts {
  const [a, b] = [first, second].map((value) => (typeof value === 'number' ? value : null)) as [
    number | null,
    number | null,
  ];
  switch (method) {
    case 'z':
      return { method, mean: a, sd: b };
    case 'iqr':
      return { method, q1: a, q3: b };
    case 'mad':
      return { method, median: a, mad: b };
  }
}
