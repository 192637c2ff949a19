import { microsecondsOf } from '#domain/record/time.ts';
import type { SqliteCommits } from './sqlite-commits.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { datasetsIn } from './sqlite-evolve.ts';
import { historyTable, META } from './sqlite-layout.ts';

export const TRIMMED = 'trimmed:';

/** How far the history of each dataset was forgotten, by its name. */
export function readTrimmed(connection: SqliteConnection): (readonly [string, number])[] {
  const rows = connection.rows(`SELECT name, value FROM ${META} WHERE name GLOB '${TRIMMED}*'`);
  return rows.map(([name, value]) => [String(name).slice(TRIMMED.length), Number(value)]);
}

/** Forgets former images that ended before a canonical timestamp, a dataset at a time; of one alone where it is named. */
export async function trimHistory(
  commits: SqliteCommits,
  before: string,
  only: string | undefined,
): Promise<(readonly [string, number])[]> {
  const { connection } = commits;
  const time = microsecondsOf(before);
  for (const dataset of datasetsIn(connection)) {
    if (only !== undefined && dataset.name !== only) continue;
    const history = historyTable(dataset);
    await connection.transaction(() => {
      const forgotten = `SELECT max(CASE WHEN _deleted = 1 THEN _to_seq ELSE _seq END) FROM ${history} WHERE _to_at < ?1`;
      const trimmedTo = connection.row(forgotten, [time])?.[0] ?? null;
      if (trimmedTo === null) return;
      connection.run(`DELETE FROM ${history} WHERE _to_at < ?1`, [time]);
      commits.setMeta(TRIMMED + dataset.name, Number(trimmedTo));
    });
  }
  return readTrimmed(connection);
}
