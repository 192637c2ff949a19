import { expect, test } from 'vitest';
import { jsonFrom } from '#domain/record/json.ts';
import { everyType } from '#tests/support/dataset-builders.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { comparePositions } from './order.ts';
import { parseFilter } from './parse-filter.ts';
import { parseSort } from './parse-sort.ts';

const dataset = everyType();
const limits = { maxConditions: 100, maxDepth: 10, maxListLength: 100 };
const sortBy = (...fields: string[]) =>
  parseSort(dataset, jsonFrom(fields.map((field) => ({ field }))), { maxKeys: 9 });
const filterBy = (value: unknown) => parseFilter(dataset, jsonFrom([{ field: 'int', operator: 'in', value }]), limits);

const scope = { dataset, filter: filterBy([1, 2]), sort: sortBy('big', 'text', 'price', 'double', '_seq', 'moment') };
const position = {
  id: '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
  values: [-(2n ** 63n), 'ü😀"\\', '0.1000', 1e-300, 7n, null],
};

test('a place survives the way through text, whatever its values', () => {
  const cursor = encodeCursor(scope, position);
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(decodeCursor(scope, cursor)).toEqual(position);
});

test.each([
  ['another filter', { ...scope, filter: filterBy([1, 3]) }],
  ['no filter', { ...scope, filter: null }],
  ['another sort', { ...scope, sort: sortBy('big') }],
  ['another dataset', { ...scope, dataset: everyType('other') }],
])('a cursor of %s is refused', (_, other) => {
  expect(() => decodeCursor(other, encodeCursor(scope, position))).toThrow(
    expect.objectContaining({ code: 'invalid_page', message: expect.stringContaining('another query') }),
  );
});

test.each([
  '',
  'x',
  '%%%',
  'eyJhIjoxfQ',
  encodeCursor(scope, position).slice(0, -6),
  `${encodeCursor(scope, position)}AAAA`,
])('the garbled cursor %j is refused', (cursor) => {
  expect(() => decodeCursor(scope, cursor)).toThrow(expect.objectContaining({ code: 'invalid_page' }));
});

test('nulls are last either way and ids break ties', () => {
  const [up] = sortBy('int');
  const down = up && { ...up, order: 'desc' as const };
  const at = (value: number | null, id: string) => ({ values: [value], id });
  for (const key of [up, down]) {
    expect(comparePositions(key ? [key] : [], at(null, 'a'), at(1, 'b'))).toBeGreaterThan(0);
    expect(comparePositions(key ? [key] : [], at(1, 'a'), at(1, 'b'))).toBeLessThan(0);
  }
  expect(comparePositions(down ? [down] : [], at(2, 'a'), at(1, 'b'))).toBeLessThan(0);
});
