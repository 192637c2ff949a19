import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { Row } from '#domain/record/value.ts';
import { anyValueOf } from '#tests/support/any-dataset.ts';
import { ColumnsChecksum } from './checksum.ts';
import { writeRows } from './write-values.ts';

const TYPES: readonly DbType[] = [
  { name: 'VARCHAR' },
  { name: 'BOOLEAN' },
  { name: 'INTEGER' },
  { name: 'TIMESTAMP' },
  { name: 'DECIMAL', precision: 30, scale: 4 },
  { name: 'UUID' },
];
const columns = TYPES.map((dbType, at) => ({ name: `c${at}`, dbType, nullable: true }));
const anyRow: fc.Arbitrary<Row> = fc.tuple(...TYPES.map((type) => fc.option(anyValueOf(type))));

function checksumOf(...blocks: readonly (readonly Row[])[]): string {
  const checksum = new ColumnsChecksum(TYPES);
  for (const rows of blocks) checksum.add(writeRows(columns, rows));
  return checksum.digest();
}

test('the same rows have the same checksum however they are cut', () => {
  fc.assert(
    fc.property(fc.array(anyRow), fc.nat(), fc.nat(), (rows, a, b) => {
      const [first = 0, second = 0] = [a % (rows.length + 1), b % (rows.length + 1)].sort((x, y) => x - y);
      const cut = checksumOf(rows.slice(0, first), rows.slice(first, second), rows.slice(second));
      expect(cut).toBe(checksumOf(rows));
    }),
  );
});

test('other rows have another', () => {
  fc.assert(
    fc.property(fc.array(anyRow), fc.array(anyRow), (a, b) => {
      const isSame = JSON.stringify(a) === JSON.stringify(b);
      expect(checksumOf(a) === checksumOf(b)).toBe(isSame);
    }),
  );
});

test.each<[string, Row[], Row[]]>([
  ['null and zero', [row(2, null)], [row(2, 0)]],
  ['null and the empty text', [row(0, null)], [row(0, '')]],
  ['null and false', [row(1, null)], [row(1, false)]],
  ['where a text ends', [row(0, 'ab'), row(0, 'c')], [row(0, 'a'), row(0, 'bc')]],
  ['the order', [row(2, 1), row(2, 2)], [row(2, 2), row(2, 1)]],
])('%s make a difference', (_, a, b) => {
  expect(checksumOf(a)).not.toBe(checksumOf(b));
});

test('what stands in the place of a null does not matter', () => {
  const [batch] = [writeRows(columns, [row(2, null), row(2, 7)])];
  const garbled = batch.columns.map((vector, at) => {
    if (at !== 2) return vector;
    const data = vector.data.slice();
    data.fill(0xab, 0, 4);
    return { ...vector, data };
  });
  const checksum = new ColumnsChecksum(TYPES);
  checksum.add({ length: 2, columns: garbled });
  expect(checksum.digest()).toBe(checksumOf([row(2, null), row(2, 7)]));
});

/** A row of nulls but for one value. */
function row(at: number, value: Row[number]): Row {
  return TYPES.map((_, index) => (index === at ? value : null));
}
