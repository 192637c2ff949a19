import type { SqlBatch, SqlVector } from '#domain/sql/sql-type.ts';
import { ArrowEncoder, type ArrowMessage } from '../arrow/arrow-encoder.ts';

/** Columns of the small tables that a protocol prescribes. */
export interface TableColumn {
  readonly name: string;
  readonly kind: 'text' | 'blob' | 'int32';
  readonly nullable: boolean;
}

export type TableCell = string | number | Uint8Array | null;

/** A few rows as Arrow messages. */
export function tableOfRows(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
): { readonly schema: ArrowMessage; readonly batch: ArrowMessage } {
  const encoder = new ArrowEncoder(
    columns.map(({ name, kind, nullable }) => ({
      name,
      nullable,
      type: kind === 'int32' ? { kind: 'integer', bits: 32, signed: true } : { kind },
    })),
  );
  const batch: SqlBatch = {
    length: rows.length,
    columns: columns.map(({ kind }, index) =>
      vectorOf(
        kind,
        rows.map((row) => row[index] ?? null),
      ),
    ),
  };
  return { schema: encoder.schema, batch: encoder.batch(batch) };
}

function vectorOf(kind: TableColumn['kind'], cells: readonly TableCell[]): SqlVector {
  const { length } = cells;
  const validity = new Uint8Array((length + 7) >> 3);
  cells.forEach((cell, at) => {
    if (cell !== null) validity[at >> 3] = (validity[at >> 3] ?? 0) | (1 << (at & 7));
  });
  if (kind === 'int32') {
    const values = Int32Array.from(cells, (cell) => Number(cell ?? 0));
    return { length, validity, data: new Uint8Array(values.buffer), offsets: null, children: [] };
  }
  const pieces = cells.map((cell) => (cell instanceof Uint8Array ? cell : Buffer.from(String(cell ?? ''))));
  const offsets = new Int32Array(length + 1);
  pieces.forEach((piece, at) => {
    offsets[at + 1] = (offsets[at] ?? 0) + piece.byteLength;
  });
  return { length, validity, data: Buffer.concat(pieces), offsets, children: [] };
}
