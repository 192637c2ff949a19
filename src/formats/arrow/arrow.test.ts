import { readFileSync } from 'node:fs';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DbType } from '#domain/dataset/db-type.ts';
import { parseDbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import type { Row } from '#domain/record/value.ts';
import { bytesOf, inPieces } from '#tests/support/bytes.ts';
import { everyType } from '#tests/support/dataset-builders.ts';
import { readRows } from '../columns/read-values.ts';
import { takeRows } from '../columns/take.ts';
import { writeRows } from '../columns/write-values.ts';
import { type CellFault, openArrow } from './read-arrow.ts';
import { writeArrowStream } from './write-arrow.ts';

const limits = { maxMessageBytes: 10_000_000 };
const columns: ColumnSchema[] = everyType().properties.map(({ name, dbType }) => ({ name, dbType, nullable: true }));
const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../tests/fixtures/arrow/${name}`, import.meta.url)));

async function read(body: Uint8Array, size = 1000, types = columns): Promise<{ rows: Row[]; faults: CellFault[] }> {
  const reader = await openArrow(inPieces(body, size), limits);
  const wanted = reader.columnNames.map((name) => types.find((column) => column.name === name));
  const found = wanted.filter((column) => column !== undefined);
  const rows: Row[] = [];
  const faults: CellFault[] = [];
  for await (const block of reader.read(wanted.map((column) => column?.dbType ?? null))) {
    rows.push(...readRows(found, block.batch));
    faults.push(...block.faults);
  }
  return { rows, faults };
}

async function* blocks(...batches: RecordBatch[]): AsyncGenerator<RecordBatch> {
  yield* batches;
}

const FULL: Row = [
  'ü😀',
  2n ** 63n - 1n,
  1,
  32767,
  0.1,
  '7.2500',
  true,
  '0001-01-01',
  '23:59:59.999999',
  '1969-12-31T23:59:59.25Z',
  '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
  '{"a":[1,"x"]}',
];
const LAST: Row = [
  '',
  -(2n ** 63n),
  -1,
  -32768,
  0,
  '-99999999999999.9999',
  false,
  '9999-12-31',
  '00:00:00',
  '9999-12-31T23:59:59.999999Z',
  '00000000-0000-0000-0000-000000000000',
  '{}',
];
const NULLS: Row = FULL.map(() => null);

test.each(['exact.arrows', 'exact.arrow', 'exact-zstd.arrows', 'exact-lz4.arrow', 'exact-legacy.arrows'])(
  '%s is read exactly, however it arrives',
  async (name) => {
    for (const size of [1, 7, 100_000]) {
      const { rows, faults } = await read(fixture(name), size);
      expect(faults).toEqual([]);
      expect(rows).toEqual([FULL, NULLS, LAST]);
      expect(Object.is(rows[2]?.[4], 0)).toBe(true);
    }
  },
);

test('other types that lose nothing are taken too', async () => {
  const { rows, faults } = await read(fixture('other-types.arrows'));
  expect(faults).toEqual([]);
  expect(rows[0]).toEqual(
    FULL.with(1, 2n ** 31n)
      .with(3, 127)
      .with(4, 0.5)
      .with(8, '23:59:59'),
  );
  expect(rows[1]).toEqual(NULLS);
  expect(rows[2]).toEqual([
    ...['', 7n, -1, -128, -2, '-1.0000', false, '9999-12-31', '00:00:00'],
    ...['2024-01-01T00:00:00Z', '00000000-0000-0000-0000-000000000000', '{}'],
  ]);
});

test('views, untyped nulls and dictionaries are taken', async () => {
  expect((await read(fixture('views.arrows'))).rows).toEqual([
    ['a text longer than twelve bytes', null, 1, '1.0000', '2024-02-29T00:00:00Z', '2024-02-29'],
    [null, null, null, null, null, null],
    ['short', null, -3, '-3.0000', '0001-01-01T00:00:00Z', '0001-01-01'],
  ]);
});

test('LZ4 frames of several blocks, and dictionaries', async () => {
  const { rows } = await read(fixture('blocks-lz4.arrow'), 999);
  expect(rows.length).toBe(3000);
  expect(rows[2999]).toEqual([`${'abc'.repeat(50)}${2999 % 7}`, 2999]);
});

test('values that break a rule are told by row and column, and are null in the batch', async () => {
  const { rows, faults } = await read(fixture('bad-values.arrows'));
  const told = faults.map(({ row, column, message }) => `${row} ${column} ${message}`).toSorted();
  expect(told).toEqual([
    '0 3 must have at most 4 decimal places (DECIMAL(18,4))',
    '0 4 must have at most six digits of fraction',
    '0 5 must lie in the years 0001 to 9999',
    '1 0 must be valid UTF-8 without U+0000',
    '1 1 must be a finite number (DOUBLE)',
    '1 2 must lie between -2147483648 and 2147483647 (INTEGER)',
    '1 4 must have at most six digits of fraction',
    '2 0 must be valid UTF-8 without U+0000',
    '2 1 must be a finite number (DOUBLE)',
    '2 3 must have at most 14 digits before the point (DECIMAL(18,4))',
    '2 4 must have at most six digits of fraction',
  ]);
  expect(rows[3]).toEqual([null, null, null, null, null, null]);
  expect(rows[0]).toEqual(['ok', 1, 1, null, null, null]);
});

test('columns that cannot have their type are told all at once', async () => {
  const wrong: ColumnSchema[] = [
    { name: 'text', dbType: { name: 'BIGINT' }, nullable: true },
    { name: 'moment', dbType: { name: 'DATE' }, nullable: true },
    { name: 'flag', dbType: { name: 'INTEGER' }, nullable: true },
  ];
  await expect(read(fixture('exact.arrows'), 1000, wrong)).rejects.toMatchObject({
    code: 'invalid_body',
    faults: [{ pointer: '/text' }, { pointer: '/flag' }, { pointer: '/moment' }],
  });
});

test('a body that is cut off or damaged is an invalid body, wherever', async () => {
  const whole = fixture('exact-zstd.arrows');
  for (let length = 0; length < whole.length - 8; length += 13) {
    await expect(read(whole.subarray(0, length))).rejects.toMatchObject({ code: 'invalid_body' });
  }
  for (const name of ['exact.arrows', 'exact-lz4.arrow', 'exact-zstd.arrows', 'views.arrows', 'other-types.arrows']) {
    const body = fixture(name);
    await fc.assert(
      fc.asyncProperty(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = body.slice();
        damaged[at] = (damaged[at] ?? 0) ^ change;
        await read(damaged).catch((error) => expect(['invalid_body', 'too_large']).toContain(error.code));
      }),
    );
  }
});

test('a batch past the limit is refused before it is read', async () => {
  const reader = await openArrow(inPieces(fixture('exact.arrows'), 100), { maxMessageBytes: 100 });
  const rest = reader.read(reader.columnNames.map(() => null));
  await expect(rest.next()).rejects.toMatchObject({ code: 'too_large' });
});

test('what is written is an Arrow stream with the types of the contract', async () => {
  const batch = writeRows(columns, [FULL, NULLS, LAST]);
  const bytes = await bytesOf(writeArrowStream(columns, blocks(batch, writeRows(columns, []), batch)));
  const table = tableFromIPC(bytes);
  expect(
    table.schema.fields.map((field) =>
      `${field.name} ${field.type} ${field.metadata.get('ARROW:extension:name') ?? ''}`.trim(),
    ),
  ).toEqual([
    'text Utf8',
    'big Int64',
    'int Int32',
    'small Int16',
    'double Float64',
    'price Decimal[18e+4]',
    'flag Bool',
    'day Date32<DAY>',
    'time Time64<MICROSECOND>',
    'moment Timestamp<MICROSECOND, UTC>',
    'ref FixedSizeBinary[16] arrow.uuid',
    'extra Utf8 arrow.json',
  ]);
  expect(table.numRows).toBe(6);
  expect((await read(bytes, 77)).rows).toEqual([FULL, NULLS, LAST, FULL, NULLS, LAST]);
});

test('an empty stream has its schema', async () => {
  const bytes = await bytesOf(writeArrowStream(columns, blocks()));
  expect(tableFromIPC(bytes).schema.names).toEqual(columns.map(({ name }) => name));
  expect((await read(bytes)).rows).toEqual([]);
});

const decimal = (text: string): DbType => parseDbType(text) ?? { name: 'VARCHAR' };

test.each(['DECIMAL(38,0)', 'DECIMAL(38,38)', 'DECIMAL(19,4)', 'DECIMAL(18,0)', 'DECIMAL(1,1)'])(
  '%s keeps its limits',
  async (type) => {
    const dbType = decimal(type);
    const column: ColumnSchema = { name: 'd', dbType, nullable: true };
    const { precision, scale } = dbType as { precision: number; scale: number };
    const nines = '9'.repeat(precision).padStart(scale + 1, '0');
    const most = `${nines.slice(0, nines.length - scale)}${scale > 0 ? `.${nines.slice(-scale)}` : ''}`;
    const rows: Row[] = [[most], [`-${most}`], [null]];
    const bytes = await bytesOf(writeArrowStream([column], blocks(writeRows([column], rows))));
    expect(await read(bytes, 50, [column])).toEqual({ rows, faults: [] });
    if (precision > 1) {
      const narrower = {
        ...column,
        dbType: { name: 'DECIMAL' as const, precision: precision - 1, scale: Math.min(scale, precision - 1) },
      };
      expect((await read(bytes, 50, [narrower])).faults.map(({ row }) => row)).toEqual([0, 1]);
    }
  },
);

test('rows are taken out of a batch by their places', () => {
  const batch = writeRows(columns, [FULL, NULLS, LAST]);
  expect(readRows(columns, takeRows(columns, batch, Int32Array.of(2, 0, -1, 1, 2)))).toEqual([
    LAST,
    FULL,
    NULLS,
    NULLS,
    LAST,
  ]);
});
