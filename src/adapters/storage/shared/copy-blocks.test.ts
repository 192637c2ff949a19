import { expect, test } from 'vitest';
import { BlockGatherer, BlockSize } from './copy-blocks.ts';

const batchOf = (rows: number, bytes: number) => ({
  length: rows,
  columns: [{ validity: null, data: new Uint8Array(bytes), offsets: null }],
});

test('blocks grow with narrow rows and shrink with wide ones', () => {
  const size = new BlockSize();
  const first = size.rows;
  size.learn(batchOf(first, first * 20));
  expect(size.rows).toBe(first * 4);
  for (let round = 0; round < 9; round++) size.learn(batchOf(size.rows, size.rows * 20));
  expect(size.rows).toBe(61_440);
  size.learn(batchOf(10, 10 * 1024 * 1024));
  expect(size.rows).toBe(16);
});

test('fewer rows are asked for until their texts fit, and one row always does', () => {
  const size = new BlockSize();
  const asked: number[] = [];
  while (size.isTooLarge(size.rows * 2 ** 27)) asked.push(size.rows);
  expect(asked).toEqual([128, 32, 8, 2, 1]);
  expect(size.isTooLarge(1000)).toBe(false);
});

test('rows are gathered until they are many, or long', () => {
  const long = new BlockGatherer<readonly string[]>();
  const text = 'x'.repeat(5 * 1024 * 1024);
  expect([1, 2, 3, 4].map(() => long.add([text])?.length ?? null)).toEqual([null, null, null, 4]);
  expect(long.take()).toEqual([]);
  const many = new BlockGatherer<readonly number[]>();
  let full = 0;
  for (let row = 0; row < 61_441; row++) full += many.add([row])?.length ?? 0;
  expect([full, many.take().length]).toEqual([61_440, 1]);
});
