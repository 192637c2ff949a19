import type { Dataset } from '#domain/dataset/dataset.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import type { PostgresRow } from './postgres-connection.ts';
import { propertyColumn } from './postgres-layout.ts';
import { decoderOf, type PostgresValue } from './postgres-values.ts';

const SYSTEM = ['_id', '_created_at', '_updated_at', '_version', '_seq'] as const;

/** Columns of a query whose rows `recordReader` understands; of the properties only those at `fields`. */
export function recordColumns(dataset: Dataset, fields: readonly number[] | null, table = ''): string {
  const properties = dataset.properties.filter((_, index) => fields === null || fields.includes(index));
  return [...SYSTEM, ...properties.map(propertyColumn)].map((column) => `${table}${column}`).join(', ');
}

/** Makes records of rows; properties that were not asked for are null. */
export function recordReader(dataset: Dataset, fields: readonly number[] | null): (row: PostgresRow) => StoredRecord {
  const instant = decoderOf({ name: 'TIMESTAMP' });
  const { length } = dataset.properties;
  const places = dataset.properties.flatMap((_, index) => (fields === null || fields.includes(index) ? [index] : []));
  const decoders = dataset.properties.map(({ dbType }) => decoderOf(dbType));
  return (row) => {
    const values: Value[] = new Array(length).fill(null);
    let at = SYSTEM.length;
    for (const place of places) values[place] = decoders[place]?.(row[at++] as PostgresValue) ?? null;
    return {
      id: row[0] as string,
      row: values,
      createdAt: instant(row[1] as string) as string,
      updatedAt: instant(row[2] as string) as string,
      version: Number(row[3]),
      seq: Number(row[4]),
    };
  };
}
