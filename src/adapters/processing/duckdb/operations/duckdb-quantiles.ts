import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { column, DOUBLE } from '#domain/analysis/column.ts';
import type { Row } from '#domain/record/value.ts';
import { type DuckDbContext, selectFew } from '../duckdb-context.ts';
import { asDouble } from '../duckdb-sql-text.ts';

export async function quantileRows(
  { columns, probabilities }: ParametersOf<'quantiles'>,
  context: DuckDbContext,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of columns) {
    const quantiles = `quantile_cont(${asDouble(name)}, [${probabilities.join(', ')}])`;
    const select = probabilities.map((_, index) => `q[${index + 1}]`).join(', ');
    const values = probabilities.map((_, index) => column(`q${index}`, DOUBLE));
    const [found = []] = await selectFew(
      context,
      `SELECT ${select} FROM (SELECT ${quantiles} AS q FROM input)`,
      values,
    );
    rows.push(...probabilities.map((probability, index) => [name, probability, found[index] ?? null]));
  }
  return rows;
}
