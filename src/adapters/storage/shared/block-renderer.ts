import { valueOfField } from '#domain/query/field.ts';
import type { StreamQuery } from '#domain/query/query.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { writeValues } from '#formats/columns/write-values.ts';
import { lineWriter, type TextFormat } from '#formats/rows/write-rows.ts';

/** What the blocks of a stream are: bytes of a text format, or columns. */
export type BlockKind = TextFormat | 'batches';
export type Block = Uint8Array | RecordBatch;

/** Makes blocks of the rows of a stream; `head` comes before the first. */
interface BlockRenderer {
  readonly head: Uint8Array | null;
  readonly render: (records: readonly StoredRecord[]) => Block;
}

export function blockRenderer({ dataset, fields }: StreamQuery, kind: BlockKind): BlockRenderer {
  if (kind === 'batches') {
    const columns = flatColumns(dataset, fields);
    const render = (records: readonly StoredRecord[]) => ({
      length: records.length,
      columns: columns.map(({ dbType, field }) =>
        writeValues(
          dbType,
          records.map((record) => valueOfField(field, record)),
        ),
      ),
    });
    return { head: null, render };
  }
  const encoder = new TextEncoder();
  const { header, line } = lineWriter(dataset, fields, kind);
  return {
    head: header === '' ? null : encoder.encode(header),
    render: (records) => encoder.encode(records.map(line).join('')),
  };
}
