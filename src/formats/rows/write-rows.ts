import type { Dataset } from '#domain/dataset/dataset.ts';
import { valueOfField } from '#domain/query/field.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { type FlatColumn, flatColumns } from '#domain/record/flat-columns.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { writeValues } from '../columns/write-values.ts';
import { writeCsvRecord } from '../csv/write-csv.ts';
import { flatRecordRenderer, recordRenderer } from '../json/render-record.ts';

export type TextFormat = 'ndjson' | 'ndjson-flat' | 'csv';

/** Records as one batch of the flat columns asked for. */
export function batchOfRecords(columns: readonly FlatColumn[], records: readonly StoredRecord[]): RecordBatch {
  const vectors = columns.map(({ dbType, field }) =>
    writeValues(
      dbType,
      records.map((record) => valueOfField(field, record)),
    ),
  );
  return { length: records.length, columns: vectors };
}

/** Renders records one by one as lines of a text format; `header` comes first where the format has one. */
export interface LineWriter {
  readonly header: string;
  readonly line: (record: StoredRecord) => string;
}

export function lineWriter(dataset: Dataset, fields: readonly number[] | null, format: TextFormat): LineWriter {
  if (format === 'csv') return csvWriter(dataset, fields);
  const render = format === 'ndjson' ? recordRenderer(dataset, fields) : flatRecordRenderer(dataset, fields);
  return { header: '', line: (record) => `${render(record)}\n` };
}

function csvWriter(dataset: Dataset, fields: readonly number[] | null): LineWriter {
  const columns = flatColumns(dataset, fields);
  return {
    header: writeCsvRecord(columns.map((column) => column.name)),
    line: (record) =>
      writeCsvRecord(
        columns.map(({ field }) => {
          const value = valueOfField(field, record);
          return value === null ? null : String(value);
        }),
      ),
  };
}
