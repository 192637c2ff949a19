import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { column, DOUBLE } from '#domain/analysis/column.ts';
import { regressionRows } from '#domain/analysis/regression-rows.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import type { Row } from '#domain/record/value.ts';
import { aligned } from '#formats/columns/layout.ts';
import type { DuckDbContext } from '../duckdb-context.ts';
import { asDouble } from '../duckdb-sql-text.ts';
import type { KernelMessage, RegressionAnswer } from '../kernel-messages.ts';

/** The rows go, a block at a time, to the thread that rotates them into the model's triangle. */
export async function fitRegression(
  parameters: ParametersOf<'regression'>,
  { relations, kernels, signal }: DuckDbContext,
): Promise<Row[]> {
  const { y, x, intercept } = parameters;
  const names = [y, ...x];
  const sql =
    `SELECT ${names.map(asDouble).join(', ')} FROM input ` +
    `WHERE ${names.map((name) => `${asDouble(name)} IS NOT NULL`).join(' AND ')}`;
  const schema = names.map((name) => column(name, DOUBLE, false));
  const fit = await kernels.use(signal, async (thread) => {
    const ask = <T>(message: KernelMessage, transfer: readonly ArrayBuffer[] = []) => thread.ask<T>(message, transfer);
    await ask({ kind: 'begin-regression', columns: x.length, intercept });
    for await (const batch of relations.select(sql, schema)) {
      const [values, ...columns] = doublesOf(batch);
      if (values === undefined) continue;
      await ask({ kind: 'add-rows', y: values, columns }, buffersOf([values, ...columns]));
    }
    return ask<RegressionAnswer>({ kind: 'finish-regression' });
  });
  return regressionRows(parameters, fit);
}

function doublesOf({ columns }: RecordBatch): Float64Array[] {
  return columns.map(({ data }) => aligned(data, Float64Array));
}

/** Each column was copied out of the engine into memory of its own. */
function buffersOf(columns: readonly Float64Array[]): ArrayBuffer[] {
  return columns.map(({ buffer }) => buffer as ArrayBuffer);
}
