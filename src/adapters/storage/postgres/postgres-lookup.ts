import type { UniqueConstraint } from '#domain/dataset/constraints.ts';
import { constraintValues, keyText } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { StoredLookup } from '#domain/record/dataset-image.ts';
import { locatorOf } from '#domain/record/id.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { currentTable, propertyColumn } from './postgres-layout.ts';
import { recordColumns, recordReader } from './postgres-records.ts';
import { arrayOf, encodeValue, parameterType } from './postgres-values.ts';

type Found<T> = Map<string, T | null>;

interface Known {
  readonly dataset: Dataset;
  readonly byId: Found<StoredRecord>;
  readonly byKey: Map<string, { readonly constraint: UniqueConstraint; readonly found: Found<StoredRecord> }>;
  readonly missingIds: Set<string>;
  readonly missingKeys: Map<UniqueConstraint, Map<string, readonly Value[]>>;
}

/**
 * What the store holds, as far as a draft asks for it. A draft cannot wait: what it asks for and is not here yet is taken
 * note of, fetched all together, and then the draft is made once more.
 */
export class PostgresLookup implements StoredLookup {
  readonly #connection: PostgresConnection;
  readonly #stamp: CommitStamp;
  readonly #known = new Map<string, Known>();
  #isMissing = false;

  constructor(connection: PostgresConnection, stamp: CommitStamp) {
    this.#connection = connection;
    this.#stamp = stamp;
  }

  /** Makes a draft as often as it takes for it to have asked for nothing that was not there. */
  async settle<T>(make: () => T): Promise<T> {
    for (;;) {
      const made = make();
      if (!this.#isMissing) return made;
      this.#isMissing = false;
      for (const known of this.#known.values()) await this.#fetch(known);
    }
  }

  byId(dataset: Dataset, id: string): StoredRecord | null {
    const known = this.#knownOf(dataset);
    const record = known.byId.get(id);
    if (record !== undefined) return record;
    // An id that this draft has just made.
    if (id.startsWith(this.#stamp.idPrefix) && locatorOf(id) >= this.#stamp.firstSeq) return null;
    known.missingIds.add(id);
    this.#isMissing = true;
    return null;
  }

  byKey(dataset: Dataset, constraint: UniqueConstraint, key: string, values: readonly Value[]): StoredRecord | null {
    const known = this.#knownOf(dataset);
    const record = known.byKey.get(nameOf(constraint))?.found.get(key);
    if (record !== undefined) return record;
    const sameConstraint = [...known.missingKeys.keys()].find((other) => nameOf(other) === nameOf(constraint));
    const missing = known.missingKeys.get(sameConstraint ?? constraint) ?? new Map();
    known.missingKeys.set(sameConstraint ?? constraint, missing.set(key, values));
    this.#isMissing = true;
    return null;
  }

  async #fetch(known: Known): Promise<void> {
    if (known.missingIds.size > 0) {
      const ids = [...known.missingIds];
      known.missingIds.clear();
      for (const id of ids) known.byId.set(id, null);
      for (const record of await findByIds(this.#connection, known.dataset, ids)) known.byId.set(record.id, record);
    }
    for (const [constraint, keys] of known.missingKeys) {
      const { found } = known.byKey.get(nameOf(constraint)) ?? { found: new Map() };
      known.byKey.set(nameOf(constraint), { constraint, found });
      for (const key of keys.keys()) found.set(key, null);
      for (const record of await findByKeys(this.#connection, known.dataset, constraint, [...keys.values()])) {
        known.byId.set(record.id, record);
        found.set(keyText(constraintValues(constraint, record.row) ?? []), record);
      }
    }
    known.missingKeys.clear();
  }

  #knownOf(dataset: Dataset): Known {
    const there = this.#known.get(dataset.name);
    if (there !== undefined) return there;
    const known = { dataset, byId: new Map(), byKey: new Map(), missingIds: new Set<string>(), missingKeys: new Map() };
    this.#known.set(dataset.name, known);
    return known;
  }
}

function nameOf({ kind, indexes }: UniqueConstraint): string {
  return `${kind}:${indexes.join()}`;
}

/** The records of those ids that there are, in any order. */
export async function findByIds(
  connection: PostgresConnection,
  dataset: Dataset,
  ids: readonly string[],
): Promise<StoredRecord[]> {
  const sql = `SELECT ${recordColumns(dataset, null)} FROM ${currentTable(dataset)} WHERE _id = ANY($1::uuid[])`;
  return (await connection.rows(sql, [arrayOf(ids)])).map(recordReader(dataset, null));
}

/** The records that hold keys, each given as canonical values in its order; in any order. */
export async function findByKeys(
  connection: PostgresConnection,
  dataset: Dataset,
  { indexes }: Pick<UniqueConstraint, 'indexes'>,
  keys: readonly (readonly Value[])[],
): Promise<StoredRecord[]> {
  const properties = indexes.map((index) => dataset.properties[index]).filter((each) => each !== undefined);
  const arrays = properties.map(({ dbType }, at) => `$${at + 1}::${parameterType(dbType)}[]`);
  const names = properties.map((_, at) => `k${at}`);
  const conditions = properties.map((property, at) => `t.${propertyColumn(property)} = w.k${at}`);
  const sql =
    `SELECT ${recordColumns(dataset, null, 't.')} FROM ${currentTable(dataset)} AS t ` +
    `JOIN unnest(${arrays.join(', ')}) AS w(${names.join(', ')}) ON ${conditions.join(' AND ')}`;
  const parameters = properties.map((_, at) => arrayOf(keys.map((values) => encodeValue(values[at] ?? null))));
  return (await connection.rows(sql, parameters)).map(recordReader(dataset, null));
}
