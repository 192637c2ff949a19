import { expect, test } from 'vitest';
import { type Boundary, IncrementalFilter } from './incremental.ts';

const lines = (...values: unknown[]) => Buffer.from(values.map((at, id) => `${JSON.stringify({ at, id })}\n`).join(''));
const countOf = (bytes: Uint8Array) => Buffer.from(bytes).toString().split('\n').length - 1;
const boundary = (value: string, isNumber = false): Boundary => ({ value, isNumber, seen: [] });

test('times are compared as times, however they are written', () => {
  const filter = new IncrementalFilter('at', boundary('2024-01-01T10:00:00Z'), null);
  expect(
    countOf(filter.take(lines('2024-01-01T10:00:00.5Z', '2024-01-01T11:30:00+01:00', '2024-01-01T10:30:00+02:00'))),
  ).toBe(2);
  expect(filter.boundary?.value).toBe('2024-01-01T11:30:00+01:00');
  expect(countOf(filter.take(lines('2024-01-01T10:30:00.000Z')))).toBe(1);
  expect(new Set(filter.boundary?.seen).size).toBe(2);
});

test('a source that orders texts by rules of its own is believed', () => {
  const filter = new IncrementalFilter('at', null, null, 'ascending');
  expect(countOf(filter.take(lines('a', 'B', 'B', 'c')))).toBe(4);
  expect(filter.boundary?.value).toBe('c');
});

test('a source that does not give numbers or times in order is not', () => {
  expect(() => new IncrementalFilter('at', null, null, 'ascending').take(lines(1, 3, 2))).toThrow('in the order of at');
  const times = lines('2024-01-01T10:00:00Z', '2024-01-01T09:59:59.999Z');
  expect(() => new IncrementalFilter('at', null, null, 'ascending').take(times)).toThrow('in the order of at');
});

test('rows from before the boundary, which were not asked for, are passed over', () => {
  const filter = new IncrementalFilter('at', boundary('5', true), null, 'ascending');
  expect(countOf(filter.take(lines(1, 4, 5, 6)))).toBe(2);
});
