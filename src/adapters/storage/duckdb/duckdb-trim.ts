import { literal } from '../sql/identifier.ts';
import { historyTable } from './duckdb-layout.ts';
import { datasetsOf, setMeta, TRIMMED } from './duckdb-meta.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/**
 * Forgets former images that ended before a time, a dataset at a time; of one alone where it is named. The store's head is kept beside them, since the
 * numbers of deletes may be found nowhere else.
 */
export async function trimHistory(store: DuckDbStore, before: string, only: string | undefined): Promise<void> {
  for (const dataset of await store.withSession(datasetsOf)) {
    if (only !== undefined && dataset.name !== only) continue;
    await store.commitLock.hold(async () => {
      const { writer, sequence } = store;
      const ended = `_to_at < TIMESTAMP ${literal(before.slice(0, -1))}`;
      const [row] = await writer.rows(
        `SELECT max(CASE WHEN _deleted THEN _to_seq ELSE _seq END) FROM ${historyTable(dataset)} WHERE ${ended}`,
      );
      if (row?.[0] === null || row?.[0] === undefined) return;
      const trimmedTo = Number(row[0]);
      await writer.transaction(async () => {
        await writer.run(`DELETE FROM ${historyTable(dataset)} WHERE ${ended}`);
        await setMeta(writer, TRIMMED + dataset.name, trimmedTo);
        await setMeta(writer, 'sequence', sequence.head);
      });
      store.trimmedTo.set(dataset.name, trimmedTo);
    });
  }
}
