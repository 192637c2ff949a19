import type { MarkGuard } from '#domain/record/change.ts';
import type { DatasetMutations } from '#domain/record/dataset-image.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { checkGuards, type StoredMark } from '#domain/record/write-groups.ts';
import { identifier } from '../sql/identifier.ts';
import {
  columnNames,
  currentTable,
  HISTORY_COLUMN_NAMES,
  historyTable,
  indexesOf,
  propertyColumn,
  SYSTEM_COLUMN_NAMES,
} from './duckdb-layout.ts';
import { castColumns, columnTexts, columnTypes, packRows, textParameter, unpackRows } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Who made a record that was read from the store. */
export interface OriginLookup {
  originIdOf(record: StoredRecord): number;
}

/** So many are kept one by one, which costs less than to pack them. */
const FEW_MARKS = 4;

type Texts = (string | null)[];

/** Stores the net result of a draft for one dataset; runs inside the writer's transaction. */
export async function storeMutations(
  store: DuckDbStore,
  mutation: DatasetMutations,
  at: string,
  lookup: OriginLookup,
): Promise<void> {
  const { dataset, removals } = mutation;
  await writeImages(store, mutation, at, lookup);
  if (removals.length > 0) {
    await store.writer.run(
      `DELETE FROM ${currentTable(dataset)} WHERE _id IN (SELECT c0::UUID FROM ${unpackRows('$1', 1)})`,
      [packRows(removals.map((id) => [id]))],
    );
  }
  if (mutation.updates.length > 0) await update(store, mutation);
  if (mutation.inserts.length > 0) await insert(store, mutation, '');
}

/** @returns false where an index turned a row away; the transaction must be rolled back then */
export async function insertUnlessTaken(store: DuckDbStore, mutation: DatasetMutations): Promise<boolean> {
  const guarded = indexesOf(mutation.dataset).some((index) => index.unique);
  const rows = await insert(store, mutation, guarded ? ' ON CONFLICT DO NOTHING RETURNING _seq' : '');
  return !guarded || rows.length === mutation.inserts.length;
}

/** @throws DataForgeError `version_moved` */
export async function guardMarks(session: DuckDbSession, guards: readonly MarkGuard[] = []): Promise<void> {
  const marks: (string | null)[] = [];
  for (const { kind, key } of guards) {
    const rows = await session.rows('SELECT value FROM forge.marks WHERE kind = $1 AND key = $2', [kind, key]);
    marks.push((rows[0]?.[0] as string | undefined) ?? null);
  }
  checkGuards(guards, marks);
}

/** Keeps marks; one of the same kind and key is replaced. */
export async function writeMarks(session: DuckDbSession, marks: readonly StoredMark[], at: string): Promise<void> {
  if (marks.length > FEW_MARKS) {
    const last = new Map(marks.map((mark) => [JSON.stringify([mark.kind, mark.key]), mark]));
    await writeDatedMarks(
      session,
      [...last.values()].map((mark) => ({ ...mark, madeAt: at })),
    );
    return;
  }
  for (const { kind, key, value } of marks) {
    await session.run('DELETE FROM forge.marks WHERE kind = $1 AND key = $2', [kind, key]);
    await session.run('INSERT INTO forge.marks VALUES ($1, $2, $3, $4::TIMESTAMP)', [kind, key, value, at]);
  }
}

/** Keeps marks of different kinds or keys by two statements, however many they are. */
export async function writeDatedMarks(
  session: DuckDbSession,
  marks: readonly (StoredMark & { readonly madeAt: string })[],
): Promise<void> {
  const packed = packRows(marks.map(({ kind, key, value, madeAt }) => [kind, key, value, madeAt]));
  const given = unpackRows('$1', 4);
  await session.run(`DELETE FROM forge.marks USING ${given} AS given WHERE kind = c0 AND key = c1`, [packed]);
  await session.run(`INSERT INTO forge.marks SELECT c0, c1, c2, c3::TIMESTAMP FROM ${given}`, [packed]);
}

async function insert(
  store: DuckDbStore,
  { dataset, inserts }: DatasetMutations,
  suffix: string,
): Promise<unknown[][]> {
  const types = columnTypes(dataset);
  const rows: Texts[] = [];
  for (const { record, origin } of inserts) rows.push(columnTexts(record, await store.origins.idOf(origin)));
  const [only] = rows;
  const one = only !== undefined && rows.length === 1 && !only.includes(null);
  return store.writer.rows(
    `INSERT INTO ${currentTable(dataset)} (${columnNames(dataset)}) SELECT ${castColumns(types)} FROM ` +
      `${one ? oneRow(types.length) : unpackRows(textParameter(1), types.length)}${suffix}`,
    one ? only : [packRows(rows)],
  );
}

/** As `unpackRows` for one row whose texts are parameters themselves; none may be null, which has a type of its own. */
function oneRow(columns: number): string {
  return `(SELECT ${Array.from({ length: columns }, (_, index) => `${textParameter(index + 1)} AS c${index}`).join(', ')})`;
}

async function update(store: DuckDbStore, { dataset, updates }: DatasetMutations): Promise<void> {
  const types = columnTypes(dataset);
  const rows: Texts[] = [];
  for (const { record, origin } of updates) rows.push(columnTexts(record, await store.origins.idOf(origin)));
  const fixed = new Set(['_id', '_locator', ...dataset.primaryKey.map(identifier)]);
  const names = [...SYSTEM_COLUMN_NAMES, ...dataset.properties.map(propertyColumn)];
  const sets = names.flatMap((name, index) => (fixed.has(name) ? [] : [`${name} = u.c${index}::${types[index]}`]));
  await store.writer.run(
    `UPDATE ${currentTable(dataset)} AS t SET ${sets.join(', ')} FROM ${unpackRows('$1', types.length)} AS u ` +
      'WHERE t._locator = u.c5::BIGINT AND t._id = u.c0::UUID',
    [packRows(rows)],
  );
}

async function writeImages(
  store: DuckDbStore,
  { dataset, images }: DatasetMutations,
  at: string,
  lookup: OriginLookup,
): Promise<void> {
  if (images.length === 0) return;
  const types = [...columnTypes(dataset), 'BIGINT', 'TIMESTAMP', 'INTEGER', 'BOOLEAN'];
  const rows: Texts[] = [];
  for (const { record, origin, toSeq, toOrigin, deleted } of images) {
    const madeBy = origin === null ? lookup.originIdOf(record) : await store.origins.idOf(origin);
    const endedBy = await store.origins.idOf(toOrigin);
    rows.push([...columnTexts(record, madeBy), String(toSeq), at, String(endedBy), String(deleted)]);
  }
  await store.writer.run(
    `INSERT INTO ${historyTable(dataset)} (${columnNames(dataset)}, ${HISTORY_COLUMN_NAMES.join(', ')}) ` +
      `SELECT ${castColumns(types)} FROM ${unpackRows(textParameter(1), types.length)}`,
    [packRows(rows)],
  );
}
