import {
  Bool,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  Float32,
  Int8,
  Int32,
  Int64,
  List,
  RecordBatchStreamWriter,
  Schema,
  TimestampMillisecond,
  Uint32,
  Uint64,
  Utf8,
} from 'apache-arrow';
import { expect, test } from 'vitest';
import { readArrowColumns } from './arrow-columns.ts';

async function columnsOf(fields: Field[]) {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, new Schema(fields));
  const bytes = writer.finish().toUint8Array(true);
  return readArrowColumns(
    (async function* () {
      yield bytes;
    })(),
  );
}

test('each column has the type that takes it', async () => {
  const uuid = new Map([['ARROW:extension:name', 'arrow.uuid']]);
  const json = new Map([['ARROW:extension:name', 'arrow.json']]);
  const columns = await columnsOf([
    new Field('a', new Int8()),
    new Field('b', new Int32()),
    new Field('c', new Uint32()),
    new Field('d', new Int64()),
    new Field('e', new Uint64()),
    new Field('f', new Float32()),
    new Field('g', new Decimal(4, 18, 128)),
    new Field('h', new Bool()),
    new Field('i', new DateDay()),
    new Field('j', new TimestampMillisecond()),
    new Field('k', new Utf8()),
    new Field('l', new FixedSizeBinary(16), true, uuid),
    new Field('m', new Utf8(), true, json),
    new Field('n', new Dictionary(new Utf8(), new Int32())),
  ]);
  expect(columns.map(({ dbType }) => dbType)).toEqual([
    'SMALLINT',
    'INTEGER',
    'BIGINT',
    'BIGINT',
    'DECIMAL(20,0)',
    'DOUBLE',
    'DECIMAL(18,4)',
    'BOOLEAN',
    'DATE',
    'TIMESTAMP',
    'VARCHAR',
    'UUID',
    'JSON',
    'VARCHAR',
  ]);
});

test('a column that no dataset can hold is named', async () => {
  const list = new Field('tags', new List(new Field('item', new Utf8())));
  await expect(columnsOf([list])).rejects.toThrow('The column "tags" has the type List<Utf8>');
});

test('what is no Arrow is refused', async () => {
  const body = (async function* () {
    yield new TextEncoder().encode('a,b\n1,2\n');
  })();
  await expect(readArrowColumns(body)).rejects.toMatchObject({ code: 'invalid_body' });
});
