import type { ParametersOf } from '#domain/analysis/analysis.ts';
import type { DuckDbContext } from '../duckdb-context.ts';
import { asDouble, quoted, rowOrder } from '../duckdb-sql-text.ts';

type Parameters = ParametersOf<'window'>;

export function windowSql({ order_by, by, rows, measures, keep }: Parameters, { input }: DuckDbContext): string {
  const order = `${quoted(order_by)} NULLS LAST, ${rowOrder(input)}`;
  const partition = by.length === 0 ? '' : `PARTITION BY ${by.map(quoted).join(', ')} `;
  const from = rows === null ? 'UNBOUNDED PRECEDING' : `${rows - 1} PRECEDING`;
  const shown = [...new Set([...by, order_by, ...keep])].map(quoted);
  const figures = measures.map((measure) => `${figureSql(measure)} OVER w`);
  const byOrder = by.map((name) => `${quoted(name)} NULLS LAST`);
  return (
    `SELECT ${[...shown, ...figures].join(', ')} FROM input ` +
    `WINDOW w AS (${partition}ORDER BY ${order} ROWS BETWEEN ${from} AND CURRENT ROW) ` +
    `ORDER BY ${[...byOrder, order].join(', ')}`
  );
}

const FIGURES: Readonly<Record<Parameters['measures'][number]['function'], string>> = {
  count: 'count',
  sum: 'fsum',
  mean: 'favg',
  min: 'min',
  max: 'max',
  sd: 'stddev_samp',
};

function figureSql({ function: name, column }: Parameters['measures'][number]): string {
  return `${FIGURES[name]}(${asDouble(column)})`;
}
