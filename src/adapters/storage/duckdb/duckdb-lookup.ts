import { constraintValues, keyText, type UniqueConstraint, uniqueConstraints } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Change, WriteRequest } from '#domain/record/change.ts';
import type { StoredLookup } from '#domain/record/dataset-image.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import type { OriginLookup } from './duckdb-mutations.ts';
import type { RowFinder } from './duckdb-row-finder.ts';
import { readRecord, recordColumns } from './duckdb-rows.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** Reads all that requests may touch, a query for each dataset and way of looking. */
export async function lookUpStored(
  session: DuckDbSession,
  finder: RowFinder,
  requests: readonly WriteRequest[],
): Promise<StoredLookup & OriginLookup> {
  const found = new Found();
  for (const [dataset, changes] of changesByDataset(requests)) {
    const ids = changes.flatMap((change) => ('id' in change && change.id !== null ? [change.id] : []));
    if (ids.length > 0) found.add(dataset, await readByIds(session, finder, dataset, ids));
    for (const constraint of uniqueConstraints(dataset)) {
      const keys = changes.flatMap((change) => keysOf(change, constraint));
      if (keys.length > 0) found.add(dataset, await readByKeys(session, finder, dataset, constraint, keys));
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

async function readByIds(
  session: DuckDbSession,
  finder: RowFinder,
  dataset: Dataset,
  ids: readonly string[],
): Promise<FoundRecord[]> {
  return readFound(dataset, await finder.byIds(session, dataset, columns(dataset), ids));
}

async function readByKeys(
  session: DuckDbSession,
  finder: RowFinder,
  dataset: Dataset,
  constraint: UniqueConstraint,
  keys: readonly (readonly Value[])[],
): Promise<FoundRecord[]> {
  return readFound(dataset, await finder.byKeys(session, dataset, columns(dataset), constraint.indexes, keys));
}

function columns(dataset: Dataset): string {
  return `${recordColumns(dataset)}, _origin`;
}

function readFound(dataset: Dataset, rows: readonly unknown[][]): FoundRecord[] {
  return rows.map((row) => ({ record: readRecord(dataset, row), originId: Number(row[row.length - 1]) }));
}
