import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DatasetMutations } from '#domain/record/dataset-image.ts';
import { locatorOf } from '#domain/record/id.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { columnNames, currentTable, HISTORY_COLUMN_NAMES, historyTable, propertyColumn } from './sqlite-layout.ts';
import { BY_GIVEN_ID, BY_PLACE, placeOf } from './sqlite-lookup.ts';
import type { SqliteOrigins } from './sqlite-origins.ts';
import { encoderOf, plainInteger, type SqliteValue } from './sqlite-values.ts';

/** Writes the rows of one dataset; runs inside the writer's transaction. */
export class SqliteTable {
  readonly #connection: SqliteConnection;
  readonly #origins: SqliteOrigins;
  readonly #dataset: Dataset;
  readonly #stamp: CommitStamp;
  readonly #at: number | bigint;
  readonly #encoders: readonly ((value: StoredRecord['row'][number]) => SqliteValue)[];
  readonly #insertSql: string;
  #updateSql: string | null = null;
  #copySql: string | null = null;

  constructor(connection: SqliteConnection, origins: SqliteOrigins, dataset: Dataset, stamp: CommitStamp) {
    this.#connection = connection;
    this.#origins = origins;
    this.#dataset = dataset;
    this.#stamp = stamp;
    this.#at = plainInteger(microsecondsOf(stamp.at));
    this.#encoders = dataset.properties.map(({ dbType }) => encoderOf(dbType));
    const columns = columnNames(dataset);
    this.#insertSql = `INSERT INTO ${currentTable(dataset)} (${columns.join(', ')}) VALUES (${placeholders(columns.length)})`;
  }

  /** Stores the net result of a draft. */
  store({ images, removals, updates, inserts }: DatasetMutations): void {
    for (const { record, origin, toSeq, toOrigin, deleted } of images) {
      const end = [toSeq, this.#at, this.#origins.idOf(toOrigin), deleted ? 1 : 0];
      if (origin === null) this.#keepStored(record.id, end);
      else this.#keepPassing(record, this.#origins.idOf(origin), end);
    }
    for (const id of removals) this.#located(`DELETE FROM ${currentTable(this.#dataset)} WHERE`, id, []);
    if (updates.length > 1) this.#freeUniqueValues(updates.map(({ record }) => record.id));
    for (const { record, origin } of updates) this.#update(record, this.#origins.idOf(origin));
    const insert = this.#connection.statement(this.#insertSql);
    for (const { record, origin } of inserts) insert.run(...this.#columnsOf(record, this.#origins.idOf(origin)));
  }

  #columnsOf(record: StoredRecord, originId: number): SqliteValue[] {
    const { id, seq, version, createdAt, updatedAt, row } = record;
    const isOwn = id.startsWith(this.#stamp.idPrefix);
    const place = isOwn ? locatorOf(id) : seq;
    return [
      place,
      id,
      this.#microsecondsOf(createdAt),
      this.#microsecondsOf(updatedAt),
      version,
      seq,
      originId,
      isOwn ? null : 1,
      ...this.#encoders.map((encode, index) => encode(row[index] ?? null)),
    ];
  }

  /** Most times are that of the commit. */
  #microsecondsOf(timestamp: string): number | bigint {
    return timestamp === this.#stamp.at ? this.#at : microsecondsOf(timestamp);
  }

  /** The engine looks at each row by itself, so that a value cannot go from one record to another while both hold it. */
  #freeUniqueValues(ids: readonly string[]): void {
    const columns = this.#dataset.properties
      .filter(({ unique, primaryKey }) => unique && !primaryKey)
      .map(propertyColumn);
    if (columns.length === 0) return;
    const sets = columns.map((column) => `${column} = NULL`).join(', ');
    for (const id of ids) this.#located(`UPDATE ${currentTable(this.#dataset)} SET ${sets} WHERE`, id, []);
  }

  /** A record that was deleted and made again within one commit has its place, and all else anew. */
  #update({ id, row, createdAt, updatedAt, version, seq }: StoredRecord, originId: number): void {
    const system = [this.#microsecondsOf(createdAt), this.#microsecondsOf(updatedAt), version, seq, originId];
    const values = [...system, ...this.#encoders.map((encode, index) => encode(row[index] ?? null))];
    this.#updateSql ??= updateSql(this.#dataset);
    this.#located(this.#updateSql, id, values);
  }

  /** Copies what lies in the store to history. */
  #keepStored(id: string, end: readonly SqliteValue[]): void {
    this.#copySql ??= copySql(this.#dataset);
    this.#located(this.#copySql, id, end);
  }

  /** Writes to history what was true for a part of this very commit. */
  #keepPassing(record: StoredRecord, originId: number, end: readonly SqliteValue[]): void {
    const columns = [...HISTORY_COLUMN_NAMES, ...columnNames(this.#dataset)];
    this.#connection.run(
      `INSERT INTO ${historyTable(this.#dataset)} (${columns.join(', ')}) VALUES (${placeholders(columns.length)})`,
      [...end, ...this.#columnsOf(record, originId)],
    );
  }

  /** Runs a statement for the row of an id; its own parameters begin at ?3. */
  #located(statement: string, id: string, values: readonly SqliteValue[]): void {
    const parameters = [...placeOf(id), ...values];
    if (this.#connection.run(`${statement} ${BY_PLACE}`, parameters) > 0) return;
    this.#connection.run(`${statement} ${BY_GIVEN_ID}`, parameters);
  }
}

/** Changes a row, found by the first two parameters. */
function updateSql(dataset: Dataset): string {
  const system = ['_created_at', '_updated_at', '_version', '_seq', '_origin'];
  const sets = [...system, ...dataset.properties.map(propertyColumn)].map((name, at) => `${name} = ?${at + 3}`);
  return `UPDATE ${currentTable(dataset)} SET ${sets.join(', ')} WHERE`;
}

/** Copies a row to history, found by the first two parameters; the others say how it ended. */
function copySql(dataset: Dataset): string {
  const columns = columnNames(dataset).join(', ');
  return (
    `INSERT INTO ${historyTable(dataset)} (${HISTORY_COLUMN_NAMES.join(', ')}, ${columns}) ` +
    `SELECT ?3, ?4, ?5, ?6, ${columns} FROM ${currentTable(dataset)} WHERE`
  );
}

/** Anonymous ones, which are bound faster (`sqlite-inserter.ts`). */
function placeholders(count: number): string {
  return Array(count).fill('?').join(', ');
}
