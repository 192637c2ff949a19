import type { StoredRecord } from '../record/record.ts';
import type { Value } from '../record/value.ts';
import { compareValues } from '../record/value-rules.ts';
import { typeOfField, valueOfField } from './field.ts';
import type { Position, SortKey } from './query.ts';

/** Where a record stands in a sorted list. */
export function positionOf(sort: readonly SortKey[], record: StoredRecord): Position {
  return { values: sort.map((key) => valueOfField(key.field, record)), id: record.id };
}

/** The order of two places: by the sort keys, nulls last either way, then by id, ascending. */
export function comparePositions(sort: readonly SortKey[], a: Position, b: Position): number {
  for (const [index, key] of sort.entries()) {
    const order = compareBy(key, a.values[index] ?? null, b.values[index] ?? null);
    if (order !== 0) return order;
  }
  return compareIds(a.id, b.id);
}

/** The same order as a comparator of records. */
export function compareRecordsBy(sort: readonly SortKey[]): (a: StoredRecord, b: StoredRecord) => number {
  return (a, b) => {
    for (const key of sort) {
      const order = compareBy(key, valueOfField(key.field, a), valueOfField(key.field, b));
      if (order !== 0) return order;
    }
    return compareIds(a.id, b.id);
  };
}

/** Whether a record comes strictly behind a place, and so belongs to the page that starts there. */
export function isBehind(sort: readonly SortKey[], position: Position): (record: StoredRecord) => boolean {
  return (record) => comparePositions(sort, positionOf(sort, record), position) > 0;
}

function compareBy(key: SortKey, a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = compareValues(typeOfField(key.field), a, b);
  return key.order === 'desc' ? -order : order;
}

/** Ids are lower-case hexadecimal, so JavaScript's own order is that of their bytes. */
function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
