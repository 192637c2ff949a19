import { type Dataset, keyIndexes } from '#domain/dataset/dataset.ts';
import { valueOfField } from '#domain/query/field.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Row } from '#domain/record/value.ts';
import { valueRenderer } from './render-value.ts';

/** Writes a record as one JSON object without line breaks. */
export type RenderRecord = (record: StoredRecord) => string;

/** The API's shape: `id`, `schema_name`, `data` with the properties asked for, `composite_id`, the other system fields. */
export function recordRenderer(dataset: Dataset, fields: readonly number[] | null): RenderRecord {
  const data = rowRenderer(dataset, fields);
  const compositeId = compositeIdRenderer(dataset);
  const head = `","schema_name":${JSON.stringify(dataset.name)},"data":`;
  return (record) =>
    `{"id":"${record.id}${head}${data(record.row)}${compositeId(record.row)},"created_at":"${record.createdAt}","updated_at":"${record.updatedAt}","version":${record.version}}`;
}

/** The `data` object alone: every property asked for, in the order of the dataset, null where there is no value. */
export function rowRenderer(dataset: Dataset, fields: readonly number[] | null): (row: Row) => string {
  const members = dataset.properties.flatMap((property, index) =>
    fields === null || fields.includes(index)
      ? [{ index, name: `${JSON.stringify(property.name)}:`, render: valueRenderer(property.dbType) }]
      : [],
  );
  return (row) => {
    let json = '{';
    for (const [at, { index, name, render }] of members.entries()) {
      json += (at === 0 ? '' : ',') + name + render(row[index] ?? null);
    }
    return `${json}}`;
  };
}

function compositeIdRenderer(dataset: Dataset): (row: Row) => string {
  const key = keyIndexes(dataset);
  if (key.length < 2) return () => '';
  return (row) => `,"composite_id":${JSON.stringify(key.map((index) => String(row[index])).join('|'))}`;
}

/** One object of flat columns, the names those of CSV and Arrow. */
export function flatRecordRenderer(dataset: Dataset, fields: readonly number[] | null): RenderRecord {
  const members = flatColumns(dataset, fields).map((column) => ({
    field: column.field,
    name: `${JSON.stringify(column.name)}:`,
    render: valueRenderer(column.dbType),
  }));
  return (record) => {
    const parts = members.map(({ field, name, render }) => name + render(valueOfField(field, record)));
    return `{${parts.join(',')}}`;
  };
}
