import { expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { parseJson } from '#domain/record/json.ts';
import { everyType } from '#tests/support/dataset-builders.ts';
import { parseFilter } from './parse-filter.ts';

const dataset = everyType();
const limits = { maxConditions: 10, maxDepth: 3, maxListLength: 4 };
const parse = (text: string) => parseFilter(dataset, parseJson(text), limits);

function faultsOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof DataForgeError) || error.code !== 'invalid_filter') throw error;
    return error.faults.map((fault) => `${fault.pointer}: ${fault.message}`);
  }
  return [];
}

test('nothing to filter by is null', () => {
  expect(parse('null')).toBeNull();
  expect(parse('[]')).toBeNull();
});

test('values become canonical', () => {
  expect(parse('[{"field":"big","operator":"eq","value":9223372036854775807}]')).toMatchObject({
    kind: 'compare',
    value: 9223372036854775807n,
  });
  expect(parse('[{"field":"price","operator":"gt","value":1.5}]')).toMatchObject({ value: '1.5000' });
  expect(parse('[{"field":"_created_at","operator":"lt","value":"2024-01-01"}]')).toMatchObject({
    field: { kind: 'system', name: 'created_at' },
    value: '2024-01-01T00:00:00Z',
  });
  expect(parse('[{"field":"int","operator":"in","value":[1,null,1.0]}]')).toMatchObject({ values: [1, null, 1] });
});

test('several conditions all hold; groups nest', () => {
  expect(
    parse(
      '[{"field":"int","operator":"is_null"},{"or":[{"not":{"field":"flag","operator":"eq","value":true}},{"and":[]}]}]',
    ),
  ).toMatchObject({
    kind: 'and',
    items: [{ kind: 'null' }, { kind: 'or', items: [{ kind: 'not' }, { kind: 'and' }] }],
  });
});

test('every fault is told at once, with its place', () => {
  const faults = faultsOf(`[
    {"field":"inte","operator":"eq","value":1},
    {"field":"int","operator":"equals","value":1},
    {"field":"int","operator":"eq"},
    {"field":"int","operator":"in","value":[1,"2"]},
    {"or":[{"field":"text","operator":"like","value":"a\\\\"}]},
    {"field":"extra","operator":"eq","value":{}},
    {"field":"flag","operator":"gt","value":true},
    {"not":{"field":"int","operator":"ilike","value":"1"}},
    7
  ]`);
  expect(faults.map((fault) => fault.slice(0, fault.indexOf(':')))).toEqual([
    '/filters/0/field',
    '/filters/1/operator',
    '/filters/2',
    '/filters/3/value/1',
    '/filters/4/or/0/value',
    '/filters/5/operator',
    '/filters/6/operator',
    '/filters/7/not/operator',
    '/filters/8',
  ]);
  expect(faults[0]).toContain('did you mean "int"');
});

test.each([
  ['{}', '/filters: filters must be an array'],
  ['[{"field":"int","operator":"eq","value":1.5}]', 'must be an integer'],
  ['[{"field":"int","operator":"eq","value":"1"}]', 'must be an integer, not a string'],
  ['[{"field":"int","operator":"eq","value":1,"x":2}]', '"x" is not known here'],
  ['[{"field":"int","field":"int","operator":"eq","value":1}]', '"field" is named twice'],
  ['[{"field":"int","operator":"is_null","value":1}]', 'takes no value'],
  ['[{"field":"int","operator":"in","value":[1,2,3,4,5]}]', 'at most 4 values'],
  ['[{"and":[{"and":[{"and":[]}]}]}]', 'at most 3 deep'],
  ['[{"and":[],"or":[]}]', '"or" is not known here'],
  [`[${Array(11).fill('{"field":"int","operator":"is_null"}').join()}]`, 'at most 10 conditions'],
])('%s', (text, message) => {
  expect(faultsOf(text).join('\n')).toContain(message);
});

test('null compares with nothing, and the null tests may carry a null', () => {
  expect(parse('[{"field":"text","operator":"ilike","value":null}]')).toMatchObject({ kind: 'compare', value: null });
  expect(parse('[{"field":"extra","operator":"is_not_null","value":null}]')).toMatchObject({ negated: true });
});
