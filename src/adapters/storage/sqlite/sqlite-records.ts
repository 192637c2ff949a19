import type { Dataset } from '#domain/dataset/dataset.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import type { SqliteRow } from './sqlite-connection.ts';
import { propertyColumn } from './sqlite-layout.ts';
import { decoderOf, type SqliteValue } from './sqlite-values.ts';

const SYSTEM = ['_id', '_created_at', '_updated_at', '_version', '_seq'] as const;

/** Columns of a query whose rows `recordReader` understands; of the properties only those at `fields`. */
export function recordColumns(dataset: Dataset, fields: readonly number[] | null): string {
  const properties = dataset.properties.filter((_, index) => fields === null || fields.includes(index));
  return [...SYSTEM, ...properties.map(propertyColumn)].join(', ');
}

/** Makes records of rows; properties that were not asked for are null. */
export function recordReader(dataset: Dataset, fields: readonly number[] | null): (row: SqliteRow) => StoredRecord {
  const instant = decoderOf({ name: 'TIMESTAMP' });
  const { length } = dataset.properties;
  const places = fields === null ? dataset.properties.map((_, index) => index) : [...fields].sort((a, b) => a - b);
  const decoders = places.map((index) => decoderOf((dataset.properties[index] ?? unknownProperty(index)).dbType));
  const first = SYSTEM.length;
  return (row) => {
    const values: Value[] = places.length === length ? [] : new Array(length).fill(null);
    for (let at = 0; at < places.length; at++) {
      const stored = row[first + at] as SqliteValue;
      values[places[at] as number] = stored === null ? null : (decoders[at] as (stored: SqliteValue) => Value)(stored);
    }
    return {
      id: row[0] as string,
      row: values,
      createdAt: instant(row[1] as SqliteValue) as string,
      updatedAt: instant(row[2] as SqliteValue) as string,
      version: Number(row[3]),
      seq: Number(row[4]),
    };
  };
}

function unknownProperty(index: number): never {
  throw new RangeError(`a dataset has no property ${index}`);
}
