import type { StreamQuery } from '#domain/query/query.ts';
import { abortError } from '../shared/abort.ts';
import { type Block, type BlockKind, blockRenderer } from '../shared/block-renderer.ts';
import { neededFields } from '../shared/needed-fields.ts';
import { streamStatement } from './postgres-queries.ts';
import { recordReader } from './postgres-records.ts';
import type { PostgresStore } from './postgres-store.ts';

/** Rows that come in one message and are rendered together. */
const BLOCK_ROWS = 4096;

export interface BlocksWanted {
  readonly query: StreamQuery;
  readonly kind: BlockKind;
  /** Those of batches, by name. */
  readonly columns?: readonly string[] | undefined;
}

/** The rows of a query in blocks, through a cursor of the server: one snapshot, and no more in memory than a block. */
export async function* streamBlocks(
  { streams, gate }: PostgresStore,
  { query, kind, columns }: BlocksWanted,
  signal: AbortSignal,
): AsyncGenerator<Block> {
  const { sql, parameters } = streamStatement(query);
  const read = recordReader(query.dataset, neededFields(query));
  const { head, render } = blockRenderer(query, kind, columns);
  const lent = await streams.lend(signal);
  let failed = false;
  const blocks = lent.connection.blocks(sql, parameters, BLOCK_ROWS);
  try {
    let next = await gate.run(signal, () => blocks.next());
    if (head !== null) yield head;
    while (!next.done) {
      if (signal.aborted) throw abortError(signal);
      yield render(next.value.map(read));
      next = await gate.run(signal, () => blocks.next());
    }
  } catch (error) {
    failed = true;
    throw lent.explain(error);
  } finally {
    await blocks.return(undefined).catch(() => {});
    await lent.release(failed);
  }
}
