import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { type SqlBatch, sqlTypeOf } from '#domain/sql/sql-type.ts';
import type { ArrowMessage } from './arrow-encoder.ts';
import type { ArrowColumn } from './arrow-schema.ts';

const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** Smaller buffers are sent together, so that a narrow batch is not a shower of tiny writes. */
const GATHER_BYTES = 32 * 1024;

/** An Arrow IPC stream (https://arrow.apache.org/docs/format/Columnar.html). Large buffers go out as they are. */
export async function* writeArrow(
  columns: readonly ArrowColumn[],
  batches: AsyncIterable<SqlBatch>,
): AsyncGenerator<Uint8Array> {
  // The library is loaded for the first stream: a server starts sooner.
  const { ArrowEncoder } = await import('./arrow-encoder.ts');
  const encoder = new ArrowEncoder(columns);
  yield* gather(framed(encoder.schema));
  for (const dictionary of encoder.dictionaries) yield* gather(framed(dictionary));
  for await (const batch of batches) yield* gather(framed(encoder.batch(batch)));
  yield END_OF_STREAM;
}

/** The same for the columns of records. */
export async function* writeArrowStream(
  columns: readonly ColumnSchema[],
  batches: AsyncIterable<RecordBatch>,
): AsyncGenerator<Uint8Array> {
  const typed = columns.map(({ name, dbType, nullable }) => ({ name, type: sqlTypeOf(dbType), nullable }));
  yield* writeArrow(typed, recordVectors(batches));
}

async function* recordVectors(batches: AsyncIterable<RecordBatch>): AsyncGenerator<SqlBatch> {
  for await (const { length, columns } of batches) {
    yield { length, columns: columns.map((vector) => ({ ...vector, length, children: [] })) };
  }
}

/** A message as it stands in a stream: the prefix and the padding that its metadata travels in, then its body. */
function* framed({ header, body }: ArrowMessage): Generator<Uint8Array> {
  const size = (header.byteLength + 7) & ~7;
  const prefixed = new Uint8Array(8 + size);
  const view = new DataView(prefixed.buffer);
  view.setInt32(0, -1, true);
  view.setInt32(4, size, true);
  prefixed.set(header, 8);
  yield prefixed;
  yield* body;
}

function* gather(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const isLarge = piece.byteLength >= GATHER_BYTES;
    if (!isLarge) {
      small.push(piece);
      bytes += piece.byteLength;
    }
    if (bytes > 0 && (isLarge || bytes >= GATHER_BYTES)) {
      yield concatenate(small, bytes);
      small = [];
      bytes = 0;
    }
    if (isLarge) yield piece;
  }
  if (bytes > 0) yield concatenate(small, bytes);
}

function concatenate(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
