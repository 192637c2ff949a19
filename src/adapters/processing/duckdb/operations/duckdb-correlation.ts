import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { column, DOUBLE } from '#domain/analysis/column.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { type DuckDbContext, selectFew } from '../duckdb-context.ts';
import { asDouble } from '../duckdb-sql-text.ts';

/** All pairs in one pass. */
export async function correlationRows(
  { columns }: ParametersOf<'correlation'>,
  context: DuckDbContext,
): Promise<Row[]> {
  const pairs = columns.flatMap((left, at) => columns.slice(at + 1).map((right) => ({ left, right })));
  const varies = columns.map((name) => `CASE WHEN min(${asDouble(name)}) < max(${asDouble(name)}) THEN 1 END`);
  const correlations = pairs.map(
    ({ left, right }) => `nullif(corr(${asDouble(left)}, ${asDouble(right)}), 'nan'::DOUBLE)`,
  );
  const select = [...varies, ...correlations];
  const schema = select.map((_, index) => column(`c${index}`, DOUBLE));
  const [found = []] = await selectFew(context, `SELECT ${select.join(', ')} FROM input`, schema);
  const between = (left: string, right: string): Value => {
    if (left === right) return found[columns.indexOf(left)] ?? null;
    const at = pairs.findIndex(
      (pair) => (pair.left === left && pair.right === right) || (pair.left === right && pair.right === left),
    );
    return found[columns.length + at] ?? null;
  };
  return columns.map((left) => [left, ...columns.map((right) => between(left, right))]);
}
