import { DataForgeError } from '#domain/errors.ts';
import type { RowValidator } from '#domain/record/validate-row.ts';
import type { ArrowLimits } from '../arrow/read-arrow.ts';
import { readArrowRows } from './read-column-rows.ts';
import { readCsvRows } from './read-csv-rows.ts';
import { readJsonRows, readNdjsonRows } from './read-json-rows.ts';
import type { UploadedRow } from './uploaded-row.ts';

export type RowFormat = 'ndjson' | 'json' | 'csv' | 'arrow' | 'parquet';

export interface RowLimits extends ArrowLimits {
  /** Bytes that one row may have as it was sent. */
  readonly maxRowBytes: number;
}

/** Reads an uploaded body of any format into validated rows, a block at a time. */
export function readRows(
  body: AsyncIterable<Uint8Array>,
  format: RowFormat,
  validator: RowValidator,
  limits: RowLimits,
): AsyncIterable<UploadedRow[]> {
  switch (format) {
    case 'ndjson':
      return readNdjsonRows(body, validator, limits);
    case 'json':
      return readJsonRows(body, validator, limits);
    case 'csv':
      return readCsvRows(body, validator, limits);
    case 'arrow':
      return readArrowRows(body, validator, limits);
    default:
      throw new DataForgeError('unsupported_media_type', `This engine does not read ${format}.`);
  }
}
