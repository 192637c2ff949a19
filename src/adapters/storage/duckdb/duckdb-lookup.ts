import { constraintValues, keyText, type UniqueConstraint, uniqueConstraints } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Change, WriteRequest } from '#domain/record/change.ts';
import { locatorOf } from '#domain/record/id.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import type { StoredLookup } from '#domain/record/write-draft.ts';
import { columnType, currentTable, propertyColumn } from './duckdb-layout.ts';
import type { OriginLookup } from './duckdb-mutations.ts';
import { packRows, readRecord, recordColumns, unpackRows } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** Reads all that requests may touch, a query for each dataset and way of looking. */
export async function lookUpStored(
  session: DuckDbSession,
  requests: readonly WriteRequest[],
): Promise<StoredLookup & OriginLookup> {
  const found = new Found();
  for (const [dataset, changes] of changesByDataset(requests)) {
    const ids = changes.flatMap((change) => ('id' in change && change.id !== null ? [change.id] : []));
    if (ids.length > 0) found.add(dataset, await readByIds(session, dataset, ids));
    for (const constraint of uniqueConstraints(dataset)) {
      const keys = changes.flatMap((change) => keysOf(change, constraint));
      if (keys.length > 0) found.add(dataset, await readByKeys(session, dataset, constraint, keys));
    }
  }
  return found;
}

interface FoundRecord {
  readonly record: StoredRecord;
  readonly originId: number;
}

class Found implements StoredLookup, OriginLookup {
  readonly #byId = new Map<string, StoredRecord>();
  readonly #byKey = new Map<string, StoredRecord>();
  readonly #origins = new Map<StoredRecord, number>();

  add(dataset: Dataset, found: readonly FoundRecord[]): void {
    for (const { record, originId } of found) {
      const name = `${dataset.name}\n${record.id}`;
      if (this.#byId.has(name)) continue;
      this.#byId.set(name, record);
      this.#origins.set(record, originId);
      for (const constraint of uniqueConstraints(dataset)) {
        const values = constraintValues(constraint, record.row);
        if (values !== null) this.#byKey.set(keyName(dataset, constraint, keyText(values)), record);
      }
    }
  }

  byId(dataset: Dataset, id: string): StoredRecord | null {
    return this.#byId.get(`${dataset.name}\n${id}`) ?? null;
  }

  byKey(dataset: Dataset, constraint: UniqueConstraint, key: string): StoredRecord | null {
    return this.#byKey.get(keyName(dataset, constraint, key)) ?? null;
  }

  originIdOf(record: StoredRecord): number {
    return this.#origins.get(record) ?? 0;
  }
}

function keyName(dataset: Dataset, constraint: UniqueConstraint, key: string): string {
  return `${dataset.name}\n${constraint.indexes.join(',')}\n${key}`;
}

function changesByDataset(requests: readonly WriteRequest[]): Map<Dataset, Change[]> {
  const changes = new Map<Dataset, Change[]>();
  for (const change of requests.flatMap((request) => request.changes)) {
    const list = changes.get(change.dataset);
    if (list === undefined) changes.set(change.dataset, [change]);
    else list.push(change);
  }
  return changes;
}

/** The keys that a change may come to hold. */
function keysOf(change: Change, constraint: UniqueConstraint): Value[][] {
  if (change.kind === 'create' || change.kind === 'replace') {
    const values = constraintValues(constraint, change.row);
    return values === null ? [] : [values];
  }
  if (change.kind === 'patch' && constraint.kind === 'unique') {
    const value = change.values.get(constraint.indexes[0] ?? -1) ?? null;
    return value === null ? [] : [[value]];
  }
  return [];
}

async function readByIds(session: DuckDbSession, dataset: Dataset, ids: readonly string[]): Promise<FoundRecord[]> {
  const wanted = new Set(ids);
  const { sql, parameter } = locatorCondition(dataset, [...wanted]);
  const rows = await session.rows(`SELECT ${columns(dataset)} FROM ${currentTable(dataset)} WHERE ${sql}`, [parameter]);
  return readFound(dataset, rows).filter(({ record }) => wanted.has(record.id));
}

/**
 * A condition that rows with these ids meet, and few others. The rows are found by one narrow column, whose row groups
 * the engine skips where they can hold none of the locators; only then are their other columns read. For many ids that
 * is several times quicker than asking for all columns at once (docs/adr/0004).
 */
export function locatorCondition(
  dataset: Dataset,
  ids: readonly string[],
): { sql: string; parameter: bigint | string } {
  const [only] = ids;
  if (only !== undefined && ids.length === 1) {
    return { sql: '_locator = $1::BIGINT', parameter: BigInt(locatorOf(only)) };
  }
  const table = currentTable(dataset);
  return {
    sql: `rowid IN (SELECT rowid FROM ${table} SEMI JOIN (SELECT unnest($1::BIGINT[]) AS l) AS k ON _locator = k.l)`,
    parameter: `[${ids.map(locatorOf).join(',')}]`,
  };
}

async function readByKeys(
  session: DuckDbSession,
  dataset: Dataset,
  constraint: UniqueConstraint,
  keys: readonly (readonly Value[])[],
): Promise<FoundRecord[]> {
  const { sql, parameter } = keyJoin(dataset, constraint.indexes, keys);
  return readFound(
    dataset,
    await session.rows(`SELECT ${columns(dataset)} FROM ${currentTable(dataset)} AS t ${sql}`, [parameter]),
  );
}

/** A join of the table `t` with many keys, which are one parameter. */
export function keyJoin(
  dataset: Dataset,
  indexes: readonly number[],
  keys: readonly (readonly Value[])[],
): { sql: string; parameter: string } {
  const conditions = indexes.map((index, at) => {
    const property = dataset.properties[index];
    if (property === undefined) throw new RangeError(`dataset "${dataset.name}" has no property ${index}`);
    return `t.${propertyColumn(property)} = k.c${at}::${columnType(property.dbType)}`;
  });
  return {
    sql: `SEMI JOIN ${unpackRows('$1', indexes.length)} AS k ON ${conditions.join(' AND ')}`,
    parameter: packRows(keys.map((key) => key.map((value) => (value === null ? null : String(value))))),
  };
}

function columns(dataset: Dataset): string {
  return `${recordColumns(dataset)}, _origin`;
}

function readFound(dataset: Dataset, rows: readonly unknown[][]): FoundRecord[] {
  return rows.map((row) => ({ record: readRecord(dataset, row), originId: Number(row[row.length - 1]) }));
}
