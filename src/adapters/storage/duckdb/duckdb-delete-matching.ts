import type { ChangeResult, WriteRequest } from '#domain/record/change.ts';
import { storedMark } from '#domain/record/write-groups.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { columnNames, currentTable, HISTORY_COLUMN_NAMES, historyTable } from './duckdb-layout.ts';
import { writeMarks } from './duckdb-mutations.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Deletes all that match a filter inside the engine, however many; one commit of its own. */
export async function deleteMatching(store: DuckDbStore, request: WriteRequest): Promise<ChangeResult[]> {
  const stamp = store.stamp(store.sequence.next);
  const originId = await store.origins.idOf(request.origin);
  const results: ChangeResult[] = [];
  const touched = new Set<string>();
  let seq = stamp.firstSeq;
  await store.writer.transaction(async () => {
    for (const change of request.changes) {
      if (change.kind !== 'delete-matching') {
        throw new TypeError('a request that deletes by a filter can do nothing else');
      }
      const { dataset } = change;
      const parameters = new SqlParameters();
      const condition = compileFilter(change.filter, duckDbDialect, parameters);
      const columns = columnNames(dataset);
      await store.writer.run(
        `INSERT INTO ${historyTable(dataset)} (${columns}, ${HISTORY_COLUMN_NAMES.join(', ')}) SELECT ${columns}, ${seq - 1} + row_number() OVER (ORDER BY _seq), ` +
          `TIMESTAMP '${stamp.at.slice(0, -1)}', ${originId}, TRUE FROM ${currentTable(dataset)} WHERE ${condition}`,
        parameters.values,
      );
      const [deleted] = await store.writer.rows(
        `DELETE FROM ${currentTable(dataset)} WHERE ${condition}`,
        parameters.values,
      );
      const count = Number(deleted?.[0] ?? 0);
      seq += count;
      touched.add(dataset.name);
      results.push({ kind: 'deleted', count });
    }
    const marks = request.marks.map((mark) => storedMark(mark, results));
    await writeMarks(store.writer, marks, stamp.at);
  });
  if (seq > stamp.firstSeq) store.committed(seq - 1, touched);
  return results;
}
