import {
  type DataType,
  DateDay,
  Decimal,
  Float32,
  Float64,
  Int16,
  Int64,
  Table,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampNanosecond,
  tableToIPC,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';

/** A value in an Arrow column, and the JSON it must come back as; null where it is refused. */
export type ArrowCell = readonly [property: string, type: DataType, value: unknown, back: string | null];

const MAX_MICROS = 253402300799999999n;

export const ARROW_CELLS: readonly ArrowCell[] = [
  ['text', new Utf8(), 'a\u0000b', null],
  ['text', new Utf8(), '', '""'],
  ['text', new Utf8(), 'long enough to lie outside of the entry 😀', '"long enough to lie outside of the entry 😀"'],
  ['big', new Int64(), -(2n ** 63n), '-9223372036854775808'],
  ['big', new Uint64(), 2n ** 63n, null],
  ['big', new Float64(), 1.5, null],
  ['big', new Float64(), 2 ** 53, '9007199254740992'],
  ['big', new Float64(), 2 ** 60 + 2 ** 10, '1152921504606848000'],
  ['big', new Float64(), Number.NaN, null],
  ['small', new Int64(), 32768n, null],
  ['small', new Int16(), -32768, '-32768'],
  ['double', new Float64(), Number.NaN, null],
  ['double', new Float64(), Number.NEGATIVE_INFINITY, null],
  ['double', new Float64(), -0, '0'],
  ['double', new Float32(), 0.5, '0.5'],
  ['price', new Decimal(2, 10), new Uint32Array([725, 0, 0, 0]), '7.2500'],
  ['price', new Decimal(5, 18), new Uint32Array([725001, 0, 0, 0]), null],
  ['price', new Decimal(0, 38), new Uint32Array([0xffffffff, 0xffffffff, 0xffffffff, 0x0fffffff]), null],
  ['day', new DateDay(), new Date('2024-02-29T00:00:00Z'), '"2024-02-29"'],
  ['day', new DateDay(), new Date('9999-12-31T00:00:00Z'), '"9999-12-31"'],
  ['day', new DateDay(), new Date('+010000-01-01T00:00:00Z'), null],
  ['day', new DateDay(), new Date('0000-12-31T00:00:00Z'), null],
  ['time', new TimeMicrosecond(), 86_399_999_999n, '"23:59:59.999999"'],
  ['time', new TimeMicrosecond(), 86_400_000_000n, null],
  ['time', new TimeMicrosecond(), -1n, null],
  ['moment', new TimestampMicrosecond(), MAX_MICROS, '"9999-12-31T23:59:59.999999Z"'],
  ['moment', new TimestampMicrosecond(), MAX_MICROS + 1n, null],
  ['moment', new TimestampMicrosecond('Europe/Berlin'), 0n, '"1970-01-01T00:00:00Z"'],
  ['moment', new TimestampMicrosecond(), -62135596800000001n, null],
  ['moment', new TimestampNanosecond(), 1000n, '"1970-01-01T00:00:00.000001Z"'],
  ['moment', new TimestampNanosecond(), 1001n, null],
  ['extra', new Utf8(), '{"a": 1}', '{"a":1}'],
  ['extra', new Utf8(), '{"a":1,"a":2}', null],
  ['extra', new Utf8(), '{"a":NaN}', null],
  ['extra', new Utf8(), '{"a":-0}', '{"a":-0}'],
  ['extra', new Utf8(), '[]', null],
  ['extra', new Utf8(), '', null],
  ['list', new Utf8(), '[1, 2]', '[1,2]'],
];

/** An Arrow stream of one row. */
export function arrowOf([property, type, value]: ArrowCell): Uint8Array {
  const raw = typeof value === 'bigint' && !(type instanceof Int64) && !(type instanceof Uint64);
  const vector = raw ? vectorOfMicros(type, value) : vectorFromArray([value], type);
  return tableToIPC(new Table({ [property]: vector }), 'stream');
}

/** The library takes milliseconds for times; the bits are put in as they are. */
function vectorOfMicros(type: DataType, value: bigint) {
  const vector = vectorFromArray([type instanceof TimeMicrosecond ? 0n : 0], type);
  for (const data of vector.data) (data.values as BigInt64Array)[0] = value;
  return vector;
}
