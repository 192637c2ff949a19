import type { UniqueConstraint } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { locatorOf } from '#domain/record/id.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts';
import { currentTable, propertyColumn } from './sqlite-layout.ts';
import { recordColumns, recordReader } from './sqlite-records.ts';
import { encoderOf, type SqliteValue } from './sqlite-values.ts';

/** Conditions that find the row of an id: by its place, which the id ends with, or among the ids that were given. */
export const BY_PLACE = '_row = ?1 AND _id = ?2';
export const BY_GIVEN_ID = '_id = ?2 AND _foreign = 1 AND ?1 IS NOT NULL';

export function placeOf(id: string): [SqliteValue, SqliteValue] {
  return [locatorOf(id), id];
}

/** Finds the records of one dataset by id and by key, each with a few steps in a tree. */
export class SqliteLookup {
  readonly #connection: SqliteConnection;
  readonly #dataset: Dataset;
  readonly #select: string;
  readonly #byPlace: string;
  readonly #byGivenId: string;
  readonly #read: (row: SqliteRow) => StoredRecord;

  constructor(connection: SqliteConnection, dataset: Dataset) {
    this.#connection = connection;
    this.#dataset = dataset;
    this.#select = `SELECT ${recordColumns(dataset, null)} FROM ${currentTable(dataset)} WHERE`;
    this.#byPlace = `${this.#select} ${BY_PLACE}`;
    this.#byGivenId = `${this.#select} ${BY_GIVEN_ID}`;
    this.#read = recordReader(dataset, null);
  }

  byId(id: string): StoredRecord | null {
    const place = placeOf(id);
    const row = this.#connection.row(this.#byPlace, place) ?? this.#connection.row(this.#byGivenId, place);
    return row === null ? null : this.#read(row);
  }

  /** The record that holds a key, given as canonical values in its order. */
  byKey({ indexes }: Pick<UniqueConstraint, 'indexes'>, values: readonly Value[]): StoredRecord | null {
    const properties = indexes.map((index) => this.#dataset.properties[index]).filter((each) => each !== undefined);
    const conditions = properties.map((property, at) => `${propertyColumn(property)} = ?${at + 1}`);
    const row = this.#connection.row(
      `${this.#select} ${conditions.join(' AND ')}`,
      properties.map((property, at) => encoderOf(property.dbType)(values[at] ?? null)),
    );
    return row === null ? null : this.#read(row);
  }
}
