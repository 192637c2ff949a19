import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Origin } from '#domain/record/change.ts';
import type { DatasetMutations, FormerImage } from '#domain/record/dataset-image.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { type OpenCommit, resolveOrigins } from './postgres-commits.ts';
import {
  columnNames,
  currentTable,
  HISTORY_COLUMN_NAMES,
  HISTORY_COLUMN_TYPES,
  historyTable,
  SYSTEM_COLUMN_TYPES,
} from './postgres-layout.ts';
import { nameOfOrigin, type OriginIds } from './postgres-origins.ts';
import { arrayOf, encodeValue, type PostgresValue, parameterType } from './postgres-values.ts';

interface Stored {
  readonly record: StoredRecord;
  readonly origin: Origin;
}

/**
 * Stores the net result of a draft, each kind of it as one statement. A changed row is taken away and put back, so that
 * rows of one commit may hand a key on to each other in any order.
 */
export async function storeMutations(commit: OpenCommit, mutations: DatasetMutations): Promise<void> {
  const { dataset, inserts, updates, removals, images } = mutations;
  const { connection } = commit;
  const origins = await resolveOrigins(commit, originsOf(mutations));
  const [stored, passing] = [images.filter(({ origin }) => origin === null), images.filter(isPassing)];
  if (stored.length > 0) await keepStored(commit, dataset, stored, origins);
  if (passing.length > 0) await keepPassing(commit, dataset, passing, origins);
  const gone = [...removals, ...updates.map(({ record }) => record.id)];
  if (gone.length > 0) {
    await connection.run(`DELETE FROM ${currentTable(dataset)} WHERE _id = ANY($1::uuid[])`, [arrayOf(gone)]);
  }
  const standing = [...updates, ...inserts];
  if (standing.length === 0) return;
  const types = columnTypes(dataset);
  await connection.run(
    `INSERT INTO ${currentTable(dataset)} (${columnNames(dataset).join(', ')}) SELECT * FROM ${unnest(types)}`,
    columnsOf(dataset, standing, origins),
  );
}

function originsOf({ inserts, updates, images }: DatasetMutations): Origin[] {
  const ends = images.flatMap(({ origin, toOrigin }) => (origin === null ? [toOrigin] : [origin, toOrigin]));
  return [...[...inserts, ...updates].map(({ origin }) => origin), ...ends];
}

function isPassing(image: FormerImage): image is FormerImage & Stored {
  return image.origin !== null;
}

/** Copies what lies in the store to history. */
async function keepStored(
  { connection, stamp }: OpenCommit,
  dataset: Dataset,
  images: readonly FormerImage[],
  origins: OriginIds,
): Promise<void> {
  const columns = columnNames(dataset);
  await connection.run(
    `INSERT INTO ${historyTable(dataset)} (${[...HISTORY_COLUMN_NAMES, ...columns].join(', ')}) ` +
      `SELECT w.to_seq, $5::timestamp, w.to_origin, w.deleted, ${columns.map((column) => `t.${column}`).join(', ')} ` +
      `FROM ${currentTable(dataset)} AS t JOIN unnest($1::uuid[], $2::bigint[], $3::integer[], $4::boolean[]) ` +
      'AS w(id, to_seq, to_origin, deleted) ON t._id = w.id',
    [
      arrayOf(images.map(({ record }) => record.id)),
      arrayOf(images.map(({ toSeq }) => String(toSeq))),
      arrayOf(images.map(({ toOrigin }) => idOf(origins, toOrigin))),
      arrayOf(images.map(({ deleted }) => String(deleted))),
      stamp.at,
    ],
  );
}

/** Writes to history what was true for a part of this very commit. */
async function keepPassing(
  { connection, stamp }: OpenCommit,
  dataset: Dataset,
  images: readonly (FormerImage & Stored)[],
  origins: OriginIds,
): Promise<void> {
  const ends = [
    arrayOf(images.map(({ toSeq }) => String(toSeq))),
    arrayOf(images.map(() => stamp.at)),
    arrayOf(images.map(({ toOrigin }) => idOf(origins, toOrigin))),
    arrayOf(images.map(({ deleted }) => String(deleted))),
  ];
  await connection.run(
    `INSERT INTO ${historyTable(dataset)} (${[...HISTORY_COLUMN_NAMES, ...columnNames(dataset)].join(', ')}) ` +
      `SELECT * FROM ${unnest([...HISTORY_COLUMN_TYPES, ...columnTypes(dataset)])}`,
    [...ends, ...columnsOf(dataset, images, origins)],
  );
}

function columnTypes({ properties }: Dataset): string[] {
  return [...SYSTEM_COLUMN_TYPES, ...properties.map(({ dbType }) => parameterType(dbType))];
}

function unnest(types: readonly string[]): string {
  return `unnest(${types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')})`;
}

/** Rows as an array a column, in the order of `columnNames`. */
function columnsOf({ properties }: Dataset, rows: readonly Stored[], origins: OriginIds): PostgresValue[] {
  return [
    arrayOf(rows.map(({ record }) => record.id)),
    arrayOf(rows.map(({ record }) => record.createdAt)),
    arrayOf(rows.map(({ record }) => record.updatedAt)),
    arrayOf(rows.map(({ record }) => String(record.version))),
    arrayOf(rows.map(({ record }) => String(record.seq))),
    arrayOf(rows.map(({ origin }) => idOf(origins, origin))),
    ...properties.map((_, index) => arrayOf(rows.map(({ record }) => encodeValue(record.row[index] ?? null)))),
  ];
}

function idOf(origins: OriginIds, origin: Origin): string {
  return String(origins.get(nameOfOrigin(origin)));
}
