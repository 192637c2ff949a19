import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { Piece } from '../cut-batches.ts';
import type { IncrementalFilter } from '../incremental.ts';
import { type BodyPlace, resumableRecords } from '../resumable-records.ts';
import { once } from './read-whole.ts';

interface CutPageOptions {
  /** How much of the page was read before. */
  readonly from: BodyPlace | null;
  readonly bytes: number;
  readonly filter: IncrementalFilter | null;
  /** The cursor behind a piece. */
  readonly cursor: (place: BodyPlace) => Cursor;
}

/**
 * Cuts the rows of a page that is there whole, as lines of JSON, into pieces of about so many bytes.
 * @returns the place at the end too; null where there is nothing behind `from`
 */
export async function cutPage(
  lines: Uint8Array,
  { from, bytes: most, filter, cursor }: CutPageOptions,
): Promise<{ readonly pieces: readonly Piece[]; readonly end: BodyPlace | null }> {
  const pieces: Piece[] = [];
  let end: BodyPlace | null = null;
  for await (const { bytes, header, place } of resumableRecords(once(lines), 'ndjson', from, most)) {
    const rows = filter?.take(bytes) ?? bytes;
    end = place;
    pieces.push({ kind: 'records', format: 'ndjson', header, bytes: rows, cursor: cursor(place) });
  }
  return { pieces, end };
}
