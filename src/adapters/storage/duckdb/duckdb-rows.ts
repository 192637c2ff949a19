import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { Field } from '#domain/query/query.ts';
import { locatorOf } from '#domain/record/id.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { columnType, propertyColumn, systemColumn } from './duckdb-layout.ts';
import { decimalText, timestampText } from './duckdb-render.ts';

/** Columns of a query whose rows `readRecord` understands. */
export function recordColumns(dataset: Dataset): string {
  return [
    '_id::VARCHAR',
    timestampText('_created_at'),
    timestampText('_updated_at'),
    '_version',
    '_seq',
    ...dataset.properties.map(canonicalColumn),
  ].join(', ');
}

export function readRecord(dataset: Dataset, columns: readonly unknown[]): StoredRecord {
  const [id, createdAt, updatedAt, version, seq] = columns;
  return {
    id: id as string,
    createdAt: createdAt as string,
    updatedAt: updatedAt as string,
    version: version as number,
    seq: Number(seq),
    row: dataset.properties.map((_, index) => (columns[index + 5] ?? null) as Value),
  };
}

/** A property in a form that the driver hands over as its canonical value. */
export function canonicalColumn(property: Property): string {
  return canonicalValue(property.dbType, propertyColumn(property));
}

/** The same for any expression of a type. */
export function canonicalValue(type: DbType, column: string): string {
  switch (type.name) {
    case 'DECIMAL':
      return decimalText(type, column);
    case 'DATE':
    case 'TIME':
    case 'UUID':
      return `${column}::VARCHAR`;
    case 'TIMESTAMP':
      return timestampText(column);
    default:
      return column;
  }
}

/** The same for any field. */
export function canonicalField(field: Field): string {
  if (field.kind === 'property') return canonicalColumn(field.property);
  const column = systemColumn(field.name);
  switch (field.name) {
    case 'id':
      return `${column}::VARCHAR`;
    case 'created_at':
    case 'updated_at':
      return timestampText(column);
    default:
      return column;
  }
}

/** The engine's types of a current row's columns, in their order. */
export function columnTypes(dataset: Dataset): string[] {
  return [
    'UUID',
    'TIMESTAMP',
    'TIMESTAMP',
    'INTEGER',
    'BIGINT',
    'BIGINT',
    'INTEGER',
    ...dataset.properties.map((property) => columnType(property.dbType)),
  ];
}

/** All columns of a current row as texts that cast to `columnTypes` without loss. */
export function columnTexts(record: StoredRecord, originId: number): (string | null)[] {
  return [
    record.id,
    record.createdAt,
    record.updatedAt,
    String(record.version),
    String(record.seq),
    String(locatorOf(record.id)),
    String(originId),
    ...rowTexts(record.row),
  ];
}

export function rowTexts(row: Row): (string | null)[] {
  return row.map((value) => (value === null ? null : String(value)));
}

/**
 * Many rows of texts as one JSON parameter, and the relation that unpacks it: far cheaper than as many placeholders.
 * The relation's columns are `c0`, `c1`, …, all VARCHAR.
 */
export function packRows(rows: readonly (readonly (string | null)[])[]): string {
  return `[${rows.map((row) => `{${row.map((text, index) => `"c${index}":${text === null ? 'null' : JSON.stringify(text)}`).join(',')}}`).join(',')}]`;
}

export function unpackRows(placeholder: string, columns: number): string {
  const shape = Array.from({ length: columns }, (_, index) => `"c${index}":"VARCHAR"`).join(',');
  return `(SELECT unnest(from_json(${placeholder}, '[{${shape}}]'), recursive := true))`;
}

/**
 * A text parameter whose statement is planned once. Where the type of a parameter is not fixed, or another one is bound,
 * the engine plans the statement anew each time: half the time of a small insert. A statement that joins with a table
 * must not be kept so: its plan would be the one for the rows there were when it was made.
 */
export function textParameter(index: number): string {
  return `$${index}::VARCHAR`;
}

/** `c0::UUID, c1::TIMESTAMP, …` */
export function castColumns(types: readonly string[], first = 0): string {
  return types
    .map((type, index) => (type === 'VARCHAR' ? `c${first + index}` : `c${first + index}::${type}`))
    .join(', ');
}
