import type { Dataset } from '#domain/dataset/dataset.ts';
import type { ChangeOperation } from '#domain/record/record.ts';
import type { Row } from '#domain/record/value.ts';
import { rowRenderer } from './render-record.ts';

/** One version of a record as the changes feed tells it; `row` is null for a delete. */
export interface ChangeFacts {
  readonly seq: number;
  readonly operation: ChangeOperation;
  readonly id: string;
  readonly version: number;
  readonly changedAt: string;
  readonly row: Row | null;
}

/** Writes a change as one JSON object without line breaks. */
export function changeRenderer(dataset: Dataset): (change: ChangeFacts) => string {
  const data = rowRenderer(dataset, null);
  return ({ seq, operation, id, version, changedAt, row }) =>
    `{"seq":${seq},"op":"${operation}","id":"${id}","version":${version},"changed_at":"${changedAt}","data":${row === null ? 'null' : data(row)}}`;
}
