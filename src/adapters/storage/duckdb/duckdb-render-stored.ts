import type { CommitStamp } from '#domain/record/write-draft.ts';
import { currentTable } from './duckdb-layout.ts';
import type { LoadContext, StagedTable } from './duckdb-load-context.ts';
import { recordJson } from './duckdb-render.ts';
import type { StoredBlock } from './duckdb-store-staged.ts';
import { TextBytes } from './duckdb-text.ts';

/** What a record may take as JSON, and what is set aside for all of them, to begin with. */
const RECORD_BYTES = 512;
const MOST_RESERVED = 16 * 1024 * 1024;

/** For each staged row that was not rejected the record that now stands, rendered, in the order sent, with commas between. */
export async function renderStored(
  { request, session }: LoadContext,
  { rows }: StagedTable,
  stamp: CommitStamp,
  stored: StoredBlock,
): Promise<Uint8Array> {
  const { dataset } = request;
  const json = recordJson(dataset, null);
  const current = currentTable(dataset);
  const last = stamp.firstSeq + stored.numbers - 1;
  const records = stored.isPlain
    ? `SELECT ${json} AS json, _seq AS ord FROM ${current} WHERE _seq >= ${stamp.firstSeq} AND _seq <= ${last}`
    : `SELECT ${json} AS json, t.row AS ord FROM (SELECT r.ord AS row, h.old AS former, ${stamp.firstSeq} + h.number AS made ` +
      'FROM temp.placed r JOIN temp.placed h ON h.ord = r.holder ' +
      `WHERE r.action <> 'conflict' AND h.action <> 'conflict') AS t JOIN ${current} ` +
      'ON (t.made IS NOT NULL AND _seq = t.made) OR (t.made IS NULL AND _id = t.former)';
  const next = await session.stream(`SELECT concat(json, ',') FROM (${records}) ORDER BY ord`, [], request.signal);
  const texts = new TextBytes(Math.min(rows * RECORD_BYTES, MOST_RESERVED));
  for (let chunk = await next(); chunk !== null; chunk = await next()) texts.appendChunk(chunk);
  return texts.finish().subarray(0, -1);
}
