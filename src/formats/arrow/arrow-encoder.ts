import {
  BufferRegion,
  DictionaryBatch,
  FieldNode,
  Message,
  RecordBatch as RecordBatchHeader,
} from 'apache-arrow/ipc/metadata/message';
import type { SqlBatch, SqlType, SqlVector } from '#domain/sql/sql-type.ts';
import { bitmapBytes, bytesIn, countClear } from '../columns/layout.ts';
import { type ArrowColumn, type ArrowDictionary, arrowSchemaOf } from './arrow-schema.ts';

/** A message of Arrow's IPC format, not framed: what a stream of bytes and Arrow Flight each wrap in their way. */
export interface ArrowMessage {
  /** The flatbuffer. */
  readonly header: Uint8Array;
  /** The pieces of the body one behind the other, each buffer padded to eight bytes. */
  readonly body: readonly Uint8Array[];
  readonly bodyLength: number;
}

const NO_BYTES = new Uint8Array(0);
const PADDING = Array.from({ length: 8 }, (_, size) => new Uint8Array(size));

/**
 * Encodes columns as messages of Arrow's IPC format (https://arrow.apache.org/docs/format/Columnar.html): the schema,
 * then the dictionaries, then a message a batch. Buffers are passed on as they are.
 */
export class ArrowEncoder {
  readonly schema: ArrowMessage;
  readonly dictionaries: readonly ArrowMessage[];
  readonly #columns: readonly ArrowColumn[];

  constructor(columns: readonly ArrowColumn[]) {
    const { schema, dictionaries } = arrowSchemaOf(columns);
    this.#columns = columns;
    this.schema = { header: Message.encode(Message.from(schema)), body: [], bodyLength: 0 };
    this.dictionaries = dictionaries.map(encodeDictionary);
  }

  batch({ length, columns }: SqlBatch): ArrowMessage {
    const body = new BodyBuilder();
    this.#columns.forEach(({ name, type }, index) => {
      const vector = columns[index];
      if (vector === undefined) throw new RangeError(`a batch lacks the column "${name}"`);
      body.add(type, vector);
    });
    return messageOf(body.header(length), body);
  }
}

function encodeDictionary({ id, values }: ArrowDictionary): ArrowMessage {
  const texts = values.map((value) => Buffer.from(value));
  const offsets = new Int32Array(values.length + 1);
  texts.forEach((text, at) => {
    offsets[at + 1] = (offsets[at] ?? 0) + text.length;
  });
  const body = new BodyBuilder();
  const data = Buffer.concat(texts);
  body.add({ kind: 'text' }, { length: values.length, validity: null, data, offsets, children: [] });
  return messageOf(new DictionaryBatch(body.header(values.length), id, false), body);
}

/** The message of a header whose body was built. */
export function messageOf(header: RecordBatchHeader | DictionaryBatch, { pieces, length }: BodyBuilder): ArrowMessage {
  return { header: Message.encode(Message.from(header, length)), body: pieces, bodyLength: length };
}

/** Gathers the nodes and the buffers of vectors, parents before their children. */
export class BodyBuilder {
  readonly pieces: Uint8Array[] = [];
  length = 0;
  readonly #nodes: FieldNode[] = [];
  readonly #regions: BufferRegion[] = [];

  add(type: SqlType, vector: SqlVector): void {
    const { length } = vector;
    if (type.kind === 'null') {
      this.#nodes.push(new FieldNode(length, length));
      return;
    }
    const nulls = vector.validity === null ? 0 : countClear(vector.validity, length);
    this.#nodes.push(new FieldNode(length, nulls));
    this.#buffer(nulls === 0 || vector.validity === null ? NO_BYTES : vector.validity.subarray(0, bitmapBytes(length)));
    this.#values(type, vector);
    childTypes(type).forEach((child, index) => {
      const inner = vector.children[index];
      if (inner === undefined) throw new RangeError(`a vector of the kind ${type.kind} lacks its part ${index}`);
      this.add(child, inner);
    });
  }

  /** Of a dense union, whose children follow: for each row the child that has its value, and where in it. */
  addUnion(children: Int8Array, places: Int32Array): void {
    this.#nodes.push(new FieldNode(children.length, 0));
    this.#buffer(bytesIn(children));
    this.#buffer(bytesIn(places));
  }

  header(rows: number): RecordBatchHeader {
    return new RecordBatchHeader(rows, this.#nodes, this.#regions, null);
  }

  #values(type: SqlType, { length, data, offsets }: SqlVector): void {
    const width = widthOf(type);
    if (width !== null) {
      this.#buffer(data.subarray(0, width === 0 ? bitmapBytes(length) : width * length));
      return;
    }
    if (type.kind === 'struct' || (type.kind === 'list' && type.size !== null)) return;
    const ends = (offsets ?? new Int32Array(1)).subarray(0, length + 1);
    this.#buffer(bytesIn(ends));
    if (childTypes(type).length === 0) this.#buffer(data.subarray(0, ends[length] ?? 0));
  }

  #buffer(bytes: Uint8Array): void {
    const padding = -bytes.byteLength & 7;
    this.#regions.push(new BufferRegion(this.length, bytes.byteLength));
    this.length += bytes.byteLength + padding;
    if (bytes.byteLength > 0) this.pieces.push(bytes);
    if (padding > 0) this.pieces.push(PADDING[padding] as Uint8Array);
  }
}

/** Bytes of one value; 0 for a boolean (a bit), null where it varies or there is none. */
export function widthOf(type: SqlType): number | null {
  switch (type.kind) {
    case 'boolean':
      return 0;
    case 'integer':
      return type.bits / 8;
    case 'float':
    case 'date':
    case 'enum':
      return 4;
    case 'double':
    case 'time':
    case 'timestamp':
      return 8;
    case 'decimal':
    case 'uuid':
    case 'interval':
      return 16;
    default:
      return null;
  }
}

/** The types of the parts of a nested type; none of others. */
export function childTypes(type: SqlType): readonly SqlType[] {
  switch (type.kind) {
    case 'list':
      return [type.element];
    case 'struct':
      return type.fields.map((field) => field.type);
    case 'map':
      return [
        {
          kind: 'struct',
          fields: [
            { name: 'key', type: type.key },
            { name: 'value', type: type.value },
          ],
        },
      ];
    default:
      return [];
  }
}
