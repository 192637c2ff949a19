import { createHash } from 'node:crypto';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';

/** The member that tells what became of the rows when the cursor was kept. */
const FATE = 'fate';

/**
 * The cursor of a source that gives nothing where nothing has changed: a transform or a target that has changed
 * makes other rows of the same, so that the source begins anew.
 */
export class SnapshotCursor {
  readonly #fate: string;

  constructor({ transform, target }: RowPipeline) {
    const made = transform?.kind === 'function' ? String(transform.run) : transform?.sql;
    this.#fate = createHash('sha256')
      .update(JSON.stringify([made, target]))
      .digest('base64url')
      .slice(0, 16);
  }

  /** Of a cursor that was kept, what the source made; null where it is to begin anew. */
  read(kept: Cursor | null): Cursor | null {
    if (kept === null) return null;
    const { [FATE]: fate, ...own } = kept;
    return fate === this.#fate ? own : null;
  }

  /** What is kept of a cursor that the source made. */
  write(own: Cursor): Cursor {
    return { ...own, [FATE]: this.#fate };
  }
}
