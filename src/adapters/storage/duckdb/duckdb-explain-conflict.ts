import { idPrefix } from '#domain/record/id.ts';
import { timestampOf } from '#domain/record/time.ts';
import type { LoadContext, StagedTable } from './duckdb-load-context.ts';
import { storeStaged } from './duckdb-store-staged.ts';

/**
 * Finds the rows of an upload that an index turned away, after the transaction was rolled back, since the engine names
 * neither the rows nor what they met: stores the body once more, looking at each row, and takes that back.
 * @throws DataForgeError `key_exists` with the lines and the keys, where they are found
 */
export async function explainConflict(
  context: LoadContext,
  blocks: readonly StagedTable[],
  firstSeq: number,
): Promise<void> {
  const { session } = context;
  const stamp = { firstSeq, at: timestampOf(0), idPrefix: idPrefix(0, 0) };
  await session.run('BEGIN TRANSACTION');
  try {
    for (const block of blocks) await storeStaged(context, block, stamp, 0, { trusting: false });
  } finally {
    await session.connection.run('ROLLBACK').catch(() => {});
  }
}
