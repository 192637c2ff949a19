import type { StreamQuery } from '#domain/query/query.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { namedColumns } from '#domain/record/flat-columns.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { batchOfRecords, lineWriter, type TextFormat } from '#formats/rows/write-rows.ts';

/** What the blocks of a stream are: bytes of a text format, or columns. */
export type BlockKind = TextFormat | 'batches';
export type Block = Uint8Array | RecordBatch;

/** Makes blocks of the rows of a stream; `head` comes before the first. */
interface BlockRenderer {
  readonly head: Uint8Array | null;
  readonly render: (records: readonly StoredRecord[]) => Block;
}

/** @param names columns of batches, by name; all where they are not named */
export function blockRenderer(
  { dataset, fields }: StreamQuery,
  kind: BlockKind,
  names?: readonly string[],
): BlockRenderer {
  if (kind === 'batches') {
    const columns = namedColumns(dataset, fields, names);
    return { head: null, render: (records) => batchOfRecords(columns, records) };
  }
  const encoder = new TextEncoder();
  const { header, line } = lineWriter(dataset, fields, kind);
  return {
    head: header === '' ? null : encoder.encode(header),
    render: (records) => encoder.encode(records.map(line).join('')),
  };
}
