import {
  DuckDBArrayType,
  type DuckDBDataChunk,
  DuckDBDecimalType,
  DuckDBEnumType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { SqlBatch, SqlVector } from '#domain/sql/sql-type.ts';
import { refused } from './duckdb-sql-proof.ts';
import {
  booleanCopier,
  type ChunkCopier,
  type CopyValues,
  copyUuids,
  decimalWidth,
  fixedCopier,
  textCopier,
  Validity,
  widenDecimals,
} from './duckdb-vectors.ts';

/** Some rows of one of the engine's vectors. */
interface Part {
  readonly vector: duckdb.Vector;
  readonly from: number;
  readonly rows: number;
}

const NO_BYTES = new Uint8Array(0);

/**
 * The engine's chunks as one batch in Arrow's layout. The vector formats are those of its C interface
 * (https://duckdb.org/docs/stable/clients/c/vector).
 */
export function toSqlBatch(types: readonly DuckDBType[], chunks: readonly DuckDBDataChunk[]): SqlBatch {
  const length = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  const columns = types.map((type, index) =>
    copyParts(
      type,
      chunks.map((chunk) => ({
        vector: duckdb.data_chunk_get_vector(chunk.chunk, index),
        from: 0,
        rows: chunk.rowCount,
      })),
    ),
  );
  return { length, columns };
}

function copyParts(type: DuckDBType, parts: readonly Part[]): SqlVector {
  const length = parts.reduce((sum, { rows }) => sum + rows, 0);
  if (type.typeId === DuckDBTypeId.SQLNULL) {
    return { length, validity: null, data: NO_BYTES, offsets: null, children: [] };
  }
  if (type instanceof DuckDBStructType) {
    const children = type.entryTypes.map((entry, index) =>
      copyParts(
        entry,
        parts.map((part) => ({ ...part, vector: duckdb.struct_vector_get_child(part.vector, index) })),
      ),
    );
    return { length, validity: validityOf(parts, length), data: NO_BYTES, offsets: null, children };
  }
  if (type instanceof DuckDBArrayType) {
    const inner = parts.map(({ vector, from, rows }) => {
      return { vector: duckdb.array_vector_get_child(vector), from: from * type.length, rows: rows * type.length };
    });
    const children = [copyParts(type.valueType, inner)];
    return { length, validity: validityOf(parts, length), data: NO_BYTES, offsets: null, children };
  }
  if (type instanceof DuckDBListType) return copyLists(parts, length, (inner) => copyParts(type.valueType, inner));
  if (type instanceof DuckDBMapType) return copyLists(parts, length, (inner) => copyEntries(type, inner));
  const copier = copierOfEngine(type);
  copier.reserve(length);
  for (const { vector, from, rows } of parts) copier.appendPart(vector, from, rows);
  return { length, ...copier.finish(length), children: [] };
}

function copyEntries({ keyType, valueType }: DuckDBMapType, parts: readonly Part[]): SqlVector {
  const children = [keyType, valueType].map((type, index) =>
    copyParts(
      type,
      parts.map((part) => ({ ...part, vector: duckdb.struct_vector_get_child(part.vector, index) })),
    ),
  );
  const length = parts.reduce((sum, { rows }) => sum + rows, 0);
  return { length, validity: null, data: NO_BYTES, offsets: null, children };
}

/** Lists name their elements by place and length; those that follow one another are copied as one part. */
function copyLists(parts: readonly Part[], length: number, copy: (inner: readonly Part[]) => SqlVector): SqlVector {
  const validity = validityOf(parts, length);
  const offsets = new Int32Array(length + 1);
  const inner: { vector: duckdb.Vector; from: number; rows: number }[] = [];
  let row = 0;
  let end = 0;
  for (const { vector, from, rows } of parts) {
    const bytes = duckdb.vector_get_data(vector, (from + rows) * 16);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const child = duckdb.list_vector_get_child(vector);
    for (let at = from; at < from + rows; at++, row++) {
      const isNull = validity !== null && ((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0;
      const first = isNull ? 0 : Number(view.getBigUint64(at * 16, true));
      const count = isNull ? 0 : Number(view.getBigUint64(at * 16 + 8, true));
      const last = inner.at(-1);
      if (count > 0 && last?.vector === child && last.from + last.rows === first) last.rows += count;
      else if (count > 0) inner.push({ vector: child, from: first, rows: count });
      end += count;
      offsets[row + 1] = end;
    }
  }
  return { length, validity, data: NO_BYTES, offsets, children: [copy(inner)] };
}

function validityOf(parts: readonly Part[], length: number): Uint8Array | null {
  const validity = new Validity();
  validity.reserve(length);
  let at = 0;
  for (const { vector, from, rows } of parts) {
    validity.append(vector, at, from, rows);
    at += rows;
  }
  return validity.finish();
}

function copierOfEngine(type: DuckDBType): ChunkCopier {
  if (type instanceof DuckDBDecimalType) {
    const width = decimalWidth(type.width);
    return fixedCopier(width, 16, widenDecimals(width));
  }
  if (type instanceof DuckDBEnumType) {
    const width = WIDTHS[type.internalTypeId] ?? 4;
    return fixedCopier(width, 4, widenIndices(width));
  }
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return booleanCopier();
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.BLOB:
      return textCopier();
    case DuckDBTypeId.UUID:
      return fixedCopier(16, 16, copyUuids);
    case DuckDBTypeId.INTERVAL:
      return fixedCopier(16, 16, copyIntervals);
    case DuckDBTypeId.HUGEINT:
      return fixedCopier(16, 16, copyWide(true));
    case DuckDBTypeId.UHUGEINT:
      return fixedCopier(16, 16, copyWide(false));
    default:
      return fixedCopier(WIDTHS[type.typeId] ?? 8);
  }
}

const WIDTHS: Partial<Record<DuckDBTypeId, number>> = {
  [DuckDBTypeId.TINYINT]: 1,
  [DuckDBTypeId.UTINYINT]: 1,
  [DuckDBTypeId.SMALLINT]: 2,
  [DuckDBTypeId.USMALLINT]: 2,
  [DuckDBTypeId.INTEGER]: 4,
  [DuckDBTypeId.UINTEGER]: 4,
  [DuckDBTypeId.FLOAT]: 4,
  [DuckDBTypeId.DATE]: 4,
};

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function widenIndices(width: number): CopyValues {
  return (from, to, at, rows) => {
    const source = viewOf(from);
    const target = viewOf(to);
    for (let row = 0; row < rows; row++) {
      const index =
        width === 1
          ? source.getUint8(row)
          : width === 2
            ? source.getUint16(row * 2, true)
            : source.getUint32(row * 4, true);
      target.setInt32(at + row * 4, index, true);
    }
  };
}

/** Months, days and microseconds; Arrow counts nanoseconds. */
const copyIntervals: CopyValues = (from, to, at, rows, isNull) => {
  const source = viewOf(from);
  const target = viewOf(to);
  for (let row = 0; row < rows; row++) {
    const nanoseconds = source.getBigInt64(row * 16 + 8, true) * 1000n;
    if (BigInt.asIntN(64, nanoseconds) !== nanoseconds) {
      if (isNull(row)) continue;
      throw refused('An interval has more hours than can be told in nanoseconds; cast it to VARCHAR.');
    }
    target.setInt32(at + row * 16, source.getInt32(row * 16, true), true);
    target.setInt32(at + row * 16 + 4, source.getInt32(row * 16 + 4, true), true);
    target.setBigInt64(at + row * 16 + 8, nanoseconds, true);
  }
};

const MOST_WIDE = 10n ** 38n;

function copyWide(signed: boolean): CopyValues {
  return (from, to, at, rows, isNull) => {
    const source = viewOf(from);
    for (let row = 0; row < rows; row++) {
      const high = signed ? source.getBigInt64(row * 16 + 8, true) : source.getBigUint64(row * 16 + 8, true);
      // Below this no value has more than 38 digits; most have a high word of 0 or -1.
      if (high < -5_000_000_000_000_000_000n || high > 5_000_000_000_000_000_000n) {
        const value = (high << 64n) | source.getBigUint64(row * 16, true);
        if ((value >= MOST_WIDE || value <= -MOST_WIDE) && !isNull(row)) {
          throw refused('A whole number has more than 38 digits; cast it to VARCHAR or to DOUBLE.');
        }
      }
    }
    to.set(from.subarray(0, rows * 16), at);
  };
}
