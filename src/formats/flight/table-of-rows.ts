import type { SqlBatch, SqlType, SqlVector } from '#domain/sql/sql-type.ts';
import { ArrowEncoder, type ArrowMessage } from '../arrow/arrow-encoder.ts';

/** Columns of the small tables that a protocol prescribes. */
export interface TableColumn {
  readonly name: string;
  readonly kind: 'text' | 'texts' | 'blob' | 'int32' | 'boolean';
  readonly nullable: boolean;
}

export type TableCell = string | number | boolean | readonly string[] | Uint8Array | null;

/** A few rows as Arrow messages. */
export function tableOfRows(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
): { readonly schema: ArrowMessage; readonly batch: ArrowMessage } {
  const encoder = new ArrowEncoder(
    columns.map(({ name, kind, nullable }) => ({
      name,
      nullable,
      type: typeOf(kind),
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

function typeOf(kind: TableColumn['kind']): SqlType {
  if (kind === 'int32') return { kind: 'integer', bits: 32, signed: true };
  return kind === 'texts' ? { kind: 'list', element: { kind: 'text' }, size: null } : { kind };
}

/** Cells of one kind as a vector. */
export function vectorOf(kind: TableColumn['kind'], cells: readonly TableCell[]): SqlVector {
  const { length } = cells;
  const validity = bitmapOf(cells, (cell) => cell !== null);
  switch (kind) {
    case 'int32': {
      const values = Int32Array.from(cells, (cell) => Number(cell ?? 0));
      return { length, validity, data: new Uint8Array(values.buffer), offsets: null, children: [] };
    }
    case 'boolean':
      return { length, validity, data: bitmapOf(cells, (cell) => cell === true), offsets: null, children: [] };
    case 'texts': {
      const lists = cells.map((cell) => (Array.isArray(cell) ? (cell as readonly string[]) : []));
      const offsets = offsetsOf(lists);
      return { length, validity, data: new Uint8Array(0), offsets, children: [vectorOf('text', lists.flat())] };
    }
    default: {
      const pieces = cells.map((cell) => (cell instanceof Uint8Array ? cell : Buffer.from(String(cell ?? ''))));
      return { length, validity, data: Buffer.concat(pieces), offsets: offsetsOf(pieces), children: [] };
    }
  }
}

function bitmapOf(cells: readonly TableCell[], isSet: (cell: TableCell) => boolean): Uint8Array {
  const bits = new Uint8Array((cells.length + 7) >> 3);
  cells.forEach((cell, at) => {
    if (isSet(cell)) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
  });
  return bits;
}

function offsetsOf(parts: readonly { readonly length: number }[]): Int32Array {
  const offsets = new Int32Array(parts.length + 1);
  parts.forEach(({ length }, at) => {
    offsets[at + 1] = (offsets[at] ?? 0) + length;
  });
  return offsets;
}
