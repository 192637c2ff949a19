import { type DataType, RecordBatchReader, tableFromIPC } from 'apache-arrow';
import { expect, test } from 'vitest';
import type { SqlColumn, SqlType, SqlVector } from '#domain/sql/sql-type.ts';
import { bytesOf } from '#tests/support/bytes.ts';
import { ArrowEncoder } from './arrow-encoder.ts';
import { writeArrow } from './write-arrow.ts';

const bytes = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const VALID_FIRST = Uint8Array.of(0b01);

interface Case {
  readonly type: SqlType;
  readonly arrow: string;
  readonly vector: Omit<SqlVector, 'length'>;
  readonly rows: readonly unknown[];
}

function fixed(data: ArrayBufferView, validity: Uint8Array | null = null): Omit<SqlVector, 'length'> {
  return { validity, data: bytes(data), offsets: null, children: [] };
}

const NONE = new Uint8Array(0);
const INT: SqlType = { kind: 'integer', bits: 32, signed: true };
const numbers = (...values: number[]): SqlVector => ({ length: values.length, ...fixed(Int32Array.from(values)) });
const texts = (length: number, text: string, ends: number[]): SqlVector => ({
  length,
  validity: null,
  data: Buffer.from(text),
  offsets: Int32Array.from([0, ...ends]),
  children: [],
});

/** Two rows of each kind, the second null where the vector says so. */
const CASES: readonly Case[] = [
  { type: { kind: 'null' }, arrow: 'Null', vector: fixed(NONE), rows: [null, null] },
  { type: { kind: 'boolean' }, arrow: 'Bool', vector: fixed(Uint8Array.of(0b10)), rows: [false, true] },
  {
    type: { kind: 'integer', bits: 8, signed: true },
    arrow: 'Int8',
    vector: fixed(Int8Array.of(-8, 8)),
    rows: [-8, 8],
  },
  {
    type: { kind: 'integer', bits: 16, signed: false },
    arrow: 'Uint16',
    vector: fixed(Uint16Array.of(65535, 0), VALID_FIRST),
    rows: [65535, null],
  },
  {
    type: { kind: 'integer', bits: 64, signed: false },
    arrow: 'Uint64',
    vector: fixed(BigUint64Array.of(2n ** 64n - 1n, 1n)),
    rows: [2n ** 64n - 1n, 1n],
  },
  { type: { kind: 'float' }, arrow: 'Float32', vector: fixed(Float32Array.of(0.5, -1)), rows: [0.5, -1] },
  { type: { kind: 'double' }, arrow: 'Float64', vector: fixed(Float64Array.of(0.1, -1)), rows: [0.1, -1] },
  { type: { kind: 'text' }, arrow: 'Utf8', vector: texts(2, 'ab', [2, 2]), rows: ['ab', ''] },
  { type: { kind: 'json' }, arrow: 'Utf8', vector: texts(2, '{}[]', [2, 4]), rows: ['{}', '[]'] },
  {
    type: { kind: 'blob' },
    arrow: 'Binary',
    vector: texts(2, 'ab', [1, 2]),
    rows: [Uint8Array.of(97), Uint8Array.of(98)],
  },
  {
    type: { kind: 'enum', values: ['low', 'high'] },
    arrow: 'Dictionary<Int32, Utf8>',
    vector: fixed(Int32Array.of(1, 0)),
    rows: ['high', 'low'],
  },
  {
    type: { kind: 'list', element: INT, size: null },
    arrow: 'List<Int32>',
    vector: { validity: null, data: NONE, offsets: Int32Array.of(0, 2, 2), children: [numbers(1, 2)] },
    rows: [[1, 2], []],
  },
  {
    type: { kind: 'list', element: INT, size: 2 },
    arrow: 'FixedSizeList[2]<Int32>',
    vector: { validity: VALID_FIRST, data: NONE, offsets: null, children: [numbers(1, 2, 0, 0)] },
    rows: [[1, 2], null],
  },
  {
    type: {
      kind: 'struct',
      fields: [
        { name: 'a', type: INT },
        { name: 'b', type: { kind: 'enum', values: ['x'] } },
      ],
    },
    arrow: 'Struct<{a:Int32, b:Dictionary<Int32, Utf8>}>',
    vector: { validity: null, data: NONE, offsets: null, children: [numbers(1, 2), numbers(0, 0)] },
    rows: [
      { a: 1, b: 'x' },
      { a: 2, b: 'x' },
    ],
  },
  {
    type: { kind: 'map', key: { kind: 'text' }, value: INT },
    arrow: 'Map<{key:Utf8, value:Int32}>',
    vector: {
      validity: null,
      data: NONE,
      offsets: Int32Array.of(0, 1, 2),
      children: [
        { length: 2, validity: null, data: NONE, offsets: null, children: [texts(2, 'kl', [1, 2]), numbers(3, 4)] },
      ],
    },
    rows: [{ k: 3 }, { l: 4 }],
  },
];

/** Kinds whose values Arrow's JavaScript hands over in its own shapes: their bytes are looked at instead. */
const RAW: readonly (readonly [SqlType, string, ArrayBufferView])[] = [
  [{ kind: 'date' }, 'Date32<DAY>', Int32Array.of(-1, 19_000)],
  [{ kind: 'time' }, 'Time64<MICROSECOND>', BigInt64Array.of(1n, 86_399_999_999n)],
  [{ kind: 'timestamp', unit: 's', zoned: false }, 'Timestamp<SECOND>', BigInt64Array.of(1n, -1n)],
  [{ kind: 'timestamp', unit: 'ms', zoned: false }, 'Timestamp<MILLISECOND>', BigInt64Array.of(1n, -1n)],
  [{ kind: 'timestamp', unit: 'us', zoned: true }, 'Timestamp<MICROSECOND, UTC>', BigInt64Array.of(1n, -1n)],
  [{ kind: 'timestamp', unit: 'ns', zoned: false }, 'Timestamp<NANOSECOND>', BigInt64Array.of(1n, -1n)],
  [{ kind: 'decimal', precision: 38, scale: 2 }, 'Decimal[38e+2]', BigInt64Array.of(1n, 0n, -1n, -1n)],
  [{ kind: 'uuid' }, 'FixedSizeBinary[16]', Uint8Array.from({ length: 32 }, (_, at) => at)],
  [{ kind: 'interval' }, 'Interval<MONTH_DAY_NANO>', Int32Array.of(1, 2, 3, 0, -1, -2, -3, -1)],
];

const columnsOf = (types: readonly SqlType[]): SqlColumn[] =>
  types.map((type, index) => ({ name: `c${index}`, type, typeName: type.kind, dbType: null }));

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

test('every kind of column is read back by an Arrow reader', async () => {
  const batch = { length: 2, columns: CASES.map(({ vector }) => ({ length: 2, ...vector })) };
  const table = tableFromIPC(await bytesOf(writeArrow(columnsOf(CASES.map(({ type }) => type)), once(batch))));
  CASES.forEach(({ rows, arrow }, index) => {
    expect(String(table.schema.fields[index]?.type)).toBe(arrow);
    const column = table.getChildAt(index);
    const read = rows.map((_, at) => plain(column?.get(at)));
    expect(read, arrow).toEqual(rows);
  });
});

test('values of fixed width travel as they lie in memory', async () => {
  const columns = columnsOf(RAW.map(([type]) => type));
  const batch = { length: 2, columns: RAW.map(([, , data]) => ({ length: 2, ...fixed(data) })) };
  const stream = await bytesOf(writeArrow(columns, once(batch)));
  const [read] = [...RecordBatchReader.from(stream)];
  RAW.forEach(([, arrow, data], index) => {
    const column = read?.data.children[index];
    expect(String(column?.type as DataType)).toBe(arrow);
    expect(bytes(column?.values as ArrayBufferView)).toEqual(bytes(data));
  });
});

test('an encoder gives the messages one by one: schema, dictionaries, batches whose bodies are padded', () => {
  const encoder = new ArrowEncoder(columnsOf([{ kind: 'enum', values: ['a', 'bc'] }, INT]));
  const message = encoder.batch({ length: 1, columns: [numbers(1), numbers(7)] });
  expect(encoder.schema.bodyLength).toBe(0);
  expect(encoder.dictionaries).toHaveLength(1);
  for (const { body, bodyLength } of [...encoder.dictionaries, message]) {
    expect(bodyLength % 8).toBe(0);
    expect(body.reduce((sum, piece) => sum + piece.byteLength, 0)).toBe(bodyLength);
  }
});

function plain(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (Symbol.iterator in value && !('toJSON' in value && isRow(value))) return [...(value as Iterable<unknown>)];
  return (value as { toJSON(): unknown }).toJSON();
}

function isRow(value: object): boolean {
  return /Row$/.test(value.constructor.name);
}
