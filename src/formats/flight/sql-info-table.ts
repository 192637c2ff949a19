import { Bool, DenseUnion, Field, Int32, Int64, List, Map_, Schema, Struct, Uint32, Utf8 } from 'apache-arrow';
import { Message } from 'apache-arrow/ipc/metadata/message';
import type { SqlType } from '#domain/sql/sql-type.ts';
import { type ArrowMessage, BodyBuilder, messageOf } from '../arrow/arrow-encoder.ts';
import { type TableCell, vectorOf } from './table-of-rows.ts';

/** A fact about a server: its number in Flight SQL, and what it is. A number is an int32, a bigint an int64. */
export type SqlInfo = readonly [number: number, value: string | boolean | number | bigint | readonly string[]];

const TEXT = 0;
const BOOLEAN = 1;
const INT64 = 2;
const INT32 = 3;
const TEXTS = 4;

const int32: SqlType = { kind: 'integer', bits: 32, signed: true };
const int64: SqlType = { kind: 'integer', bits: 64, signed: true };
const texts: SqlType = { kind: 'list', element: { kind: 'text' }, size: null };
const lists: SqlType = { kind: 'map', key: int32, value: { kind: 'list', element: int32, size: null } };
const NONE = { length: 0, validity: null, data: new Uint8Array(0), offsets: new Int32Array(1) };
const NO_LISTS = vectorOf('int32', []);

const SCHEMA = new Schema([
  new Field('info_name', new Uint32(), false),
  new Field(
    'value',
    new DenseUnion(
      [0, 1, 2, 3, 4, 5],
      [
        new Field('string_value', new Utf8(), true),
        new Field('bool_value', new Bool(), true),
        new Field('bigint_value', new Int64(), true),
        new Field('int32_bitmask', new Int32(), true),
        new Field('string_list', new List(new Field('item', new Utf8(), true)), true),
        new Field('int32_to_int32_list_map', new Map_(entriesField()), true),
      ],
    ),
    false,
  ),
]);

function entriesField() {
  const value = new Field('value', new List(new Field('item', new Int32(), true)), true);
  return new Field(
    'entries',
    new Struct<{ key: Int32; value: List<Int32> }>([new Field('key', new Int32()), value]),
    false,
  );
}

/** The answer of CommandGetSqlInfo, whose values are a dense union. */
export function sqlInfoTable(facts: readonly SqlInfo[]): {
  readonly schema: ArrowMessage;
  readonly batch: ArrowMessage;
} {
  const children: TableCell[][] = [[], [], [], [], []];
  const bigints: bigint[] = [];
  const places = facts.map(([, value]) => {
    if (typeof value === 'bigint') return bigints.push(value) - 1;
    return (children[childOf(value)] as TableCell[]).push(value) - 1;
  });
  const cells = (child: number) => children[child] as TableCell[];
  const body = new BodyBuilder();
  body.add(
    int32,
    vectorOf(
      'int32',
      facts.map(([number]) => number),
    ),
  );
  body.addUnion(
    Int8Array.from(facts, ([, value]) => childOf(value)),
    Int32Array.from(places),
  );
  body.add({ kind: 'text' }, vectorOf('text', cells(TEXT)));
  body.add({ kind: 'boolean' }, vectorOf('boolean', cells(BOOLEAN)));
  const data = new Uint8Array(BigInt64Array.from(bigints).buffer);
  body.add(int64, { length: bigints.length, validity: null, data, offsets: null, children: [] });
  body.add(int32, vectorOf('int32', cells(INT32)));
  body.add(texts, vectorOf('texts', cells(TEXTS)));
  const entries = { ...NONE, children: [NO_LISTS, { ...NONE, children: [NO_LISTS] }] };
  body.add(lists, { ...NONE, children: [entries] });
  return {
    schema: { header: Message.encode(Message.from(SCHEMA)), body: [], bodyLength: 0 },
    batch: messageOf(body.header(facts.length), body),
  };
}

function childOf(value: SqlInfo[1]): number {
  switch (typeof value) {
    case 'string':
      return TEXT;
    case 'boolean':
      return BOOLEAN;
    case 'bigint':
      return INT64;
    case 'number':
      return INT32;
    default:
      return TEXTS;
  }
}
