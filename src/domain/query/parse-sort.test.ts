import { expect, test } from 'vitest';
import { parseJson } from '#domain/record/json.ts';
import { dataset, everyType, property } from '#tests/support/dataset-builders.ts';
import { parseFields } from './parse-fields.ts';
import { parseSort } from './parse-sort.ts';

const every = everyType();
const sort = (text: string) => parseSort(every, parseJson(text), { maxKeys: 3 });

test('keys in order, ascending unless said, repeats dropped', () => {
  expect(sort('[{"field":"int","order":"desc"},{"field":"id"},{"field":"int","order":"asc"}]')).toMatchObject([
    { field: { kind: 'property', index: 2 }, order: 'desc' },
    { field: { kind: 'system', name: 'id' }, order: 'asc' },
  ]);
  expect(sort('null')).toEqual([]);
});

test.each([
  ['{}', 'must be an array'],
  ['["int"]', 'must be an object'],
  ['[{"field":"int","order":"up"}]', '"asc" or "desc"'],
  ['[{"field":"int; drop table x"}]', 'is not a field'],
  ['[{"field":"extra"}]', 'no order to sort by'],
  ['[{"order":"asc"}]', 'needs a field'],
  ['[{"field":"int"},{"field":"big"},{"field":"id"},{"field":"text"}]', 'at most 3 fields'],
])('refuses %s', (text, message) => {
  expect(() => sort(text)).toThrow(
    expect.objectContaining({ code: 'invalid_sort', message: expect.stringContaining(message) }),
  );
});

test('fields are positions, ascending and once', () => {
  expect(parseFields(every, 'int, text,int')).toEqual([0, 2]);
  expect(parseFields(every, null)).toBeNull();
  expect(parseFields(every, '')).toBeNull();
  const odd = dataset('odd', [property('a,b', 'VARCHAR'), property('c', 'VARCHAR')]);
  expect(parseFields(odd, parseJson('["a,b"]'))).toEqual([0]);
});

test.each([
  ['"txt"', 'did you mean "text"'],
  ['"text,"', '"" is not a property'],
  ['"id"', 'in every record'],
  ['[1]', 'not a number'],
  ['7', 'not a number'],
])('refuses fields %s', (text, message) => {
  expect(() => parseFields(every, parseJson(text))).toThrow(
    expect.objectContaining({ code: 'invalid_parameter', message: expect.stringContaining(message) }),
  );
});
