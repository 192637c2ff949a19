import { DataForgeError } from '#domain/errors.ts';
import { literal } from '../sql/identifier.ts';
import { currentTable } from './duckdb-layout.ts';
import type { LoadContext, StagedTable } from './duckdb-load-context.ts';
import { packRows, unpackRows } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** Since when small commits went on beside a load: the highest number then, and the time of the load. */
export interface LoadStart {
  readonly head: number;
  readonly at: string;
}

/**
 * A load of many blocks stores in a snapshot of its beginning, and no index watches over ids: one that the body brings
 * may have been given to another record since. To be asked with the commit lock held, before the load commits.
 * @param writer a session outside the load's transaction
 */
export async function refuseMetIds(
  { request, session }: LoadContext,
  blocks: readonly StagedTable[],
  writer: DuckDbSession,
  { head, at }: LoadStart,
): Promise<void> {
  const made = await writer.rows(
    `SELECT _id::VARCHAR FROM ${currentTable(request.dataset)} WHERE _seq > $1 AND _created_at > ${literal(at)}::TIMESTAMP`,
    [head],
  );
  if (made.length === 0) return;
  const ids = packRows(made.map(([id]) => [String(id)]));
  for (const { table } of blocks) {
    const [met] = await session.rows(
      `SELECT 1 FROM ${table} WHERE ok AND gid IN (SELECT c0::UUID FROM ${unpackRows('$1', 1)}) LIMIT 1`,
      [ids],
    );
    if (met === undefined) continue;
    throw new DataForgeError(
      'unavailable',
      'An id of the body was given to another record while the body was stored; send it again.',
      { retryable: true },
    );
  }
}
