import { describeKey, type UniqueConstraint, uniqueConstraints } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Value } from '#domain/record/value.ts';
import { currentTable, propertyColumn } from './duckdb-layout.ts';
import type { LoadContext } from './duckdb-load-context.ts';
import type { StagedTable } from './duckdb-store-staged.ts';

/**
 * Finds the first row of an upload that an index turned away, after the transaction was rolled back, since the engine
 * names neither the row nor what it met.
 * @throws DataForgeError `key_exists` with the line and the key, where they are found
 */
export async function explainConflict(context: LoadContext, blocks: readonly StagedTable[]): Promise<void> {
  const { dataset } = context.request;
  for (const constraint of uniqueConstraints(dataset)) {
    const [row] = await context.session.rows(conflictSql(dataset, constraint, blocks));
    if (row === undefined) continue;
    const [block, place, ...texts] = row;
    const line = blocks[Number(block)]?.lineOf(Number(place)) ?? 0;
    const key = describeKey(dataset, constraint, texts as Value[]);
    const message = `Dataset "${dataset.name}" has a record with ${key} already, or an earlier line has it.`;
    context.rejections.add(line, [{ pointer: '', message }], 'key_exists');
  }
  context.rejections.throwIfAborting();
}

function conflictSql(dataset: Dataset, { indexes }: UniqueConstraint, blocks: readonly StagedTable[]): string {
  const values = indexes.map((index) => `p${index}`);
  const rows = blocks.map(
    ({ table }, at) => `SELECT ${at} AS block, rowid AS place, ${values.join(', ')} FROM ${table} WHERE ok`,
  );
  const known = values.map((value) => `${value} IS NOT NULL`).join(' AND ');
  const matches = indexes.map((index) => {
    const property = dataset.properties[index];
    if (property === undefined) throw new RangeError(`dataset "${dataset.name}" has no property ${index}`);
    return `c.${propertyColumn(property)} = n.p${index}`;
  });
  return (
    `SELECT block, place, ${values.map((value) => `${value}::VARCHAR`).join(', ')} FROM (SELECT *, row_number() OVER ` +
    `(PARTITION BY ${values.join(', ')} ORDER BY block, place) AS times FROM (${rows.join(' UNION ALL ')}) WHERE ${known}) n ` +
    `LEFT JOIN ${currentTable(dataset)} c ON ${matches.join(' AND ')} WHERE n.times > 1 OR c._id IS NOT NULL ` +
    'ORDER BY block, place LIMIT 1'
  );
}
