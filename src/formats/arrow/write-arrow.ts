import { BufferRegion, FieldNode, Message, RecordBatch as RecordBatchHeader } from 'apache-arrow/ipc/metadata/message';
import type { ColumnSchema, ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import { bitmapBytes, bytesIn, byteWidth, countClear } from '../columns/layout.ts';
import { arrowSchemaOf } from './arrow-schema.ts';

const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
const NO_BYTES = new Uint8Array(0);

/** Smaller buffers are sent together, so that a narrow batch is not a shower of tiny writes. */
const GATHER_BYTES = 32 * 1024;

/** An Arrow IPC stream (https://arrow.apache.org/docs/format/Columnar.html). Large buffers go out as they are. */
export async function* writeArrowStream(
  columns: readonly ColumnSchema[],
  batches: AsyncIterable<RecordBatch>,
): AsyncGenerator<Uint8Array> {
  yield encapsulate(Message.encode(Message.from(arrowSchemaOf(columns))));
  for await (const batch of batches) yield* gather(writeBatch(columns, batch));
  yield END_OF_STREAM;
}

/** One record batch message: its metadata, then its buffers, each padded to eight bytes. */
function* writeBatch(columns: readonly ColumnSchema[], batch: RecordBatch): Generator<Uint8Array> {
  const nodes: FieldNode[] = [];
  const regions: BufferRegion[] = [];
  const buffers: Uint8Array[] = [];
  let bodyLength = 0;
  columns.forEach((column, index) => {
    const vector = batch.columns[index];
    if (vector === undefined) throw new RangeError(`a batch lacks the column "${column.name}"`);
    const nulls = vector.validity === null ? 0 : countClear(vector.validity, batch.length);
    nodes.push(new FieldNode(batch.length, nulls));
    for (const buffer of buffersOf(column, vector, batch.length, nulls)) {
      regions.push(new BufferRegion(bodyLength, buffer.byteLength));
      buffers.push(buffer);
      bodyLength += buffer.byteLength + paddingOf(buffer);
    }
  });
  yield encapsulate(
    Message.encode(Message.from(new RecordBatchHeader(batch.length, nodes, regions, null), bodyLength)),
  );
  for (const buffer of buffers) {
    yield buffer;
    yield new Uint8Array(paddingOf(buffer));
  }
}

function buffersOf({ dbType }: ColumnSchema, vector: ColumnVector, length: number, nulls: number): Uint8Array[] {
  const validity =
    nulls === 0 || vector.validity === null ? NO_BYTES : vector.validity.subarray(0, bitmapBytes(length));
  const width = byteWidth(dbType);
  if (width !== null) {
    return [validity, vector.data.subarray(0, width === 0 ? bitmapBytes(length) : width * length)];
  }
  const offsets = (vector.offsets ?? new Int32Array(1)).subarray(0, length + 1);
  return [validity, bytesIn(offsets), vector.data.subarray(0, offsets[length] ?? 0)];
}

function paddingOf(buffer: Uint8Array): number {
  return -buffer.byteLength & 7;
}

/** The prefix and the padding that metadata travels in. */
function encapsulate(metadata: Uint8Array): Uint8Array {
  const size = (metadata.byteLength + 7) & ~7;
  const message = new Uint8Array(8 + size);
  const view = new DataView(message.buffer);
  view.setInt32(0, -1, true);
  view.setInt32(4, size, true);
  message.set(metadata, 8);
  return message;
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
