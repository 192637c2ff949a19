import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '#domain/record/json.ts';
import { Invalid, readTextValue } from '#domain/record/value-rules.ts';
import { ColumnGuesses, TypeGuess } from './infer-types.ts';

function fromTexts(...texts: string[]): string {
  const guess = new TypeGuess();
  for (const text of texts) guess.addText(text);
  return guess.result().dbType;
}

test.each([
  [['1', '-20', '0'], 'BIGINT'],
  [['1', '1.5'], 'DOUBLE'],
  [['1.0'], 'DOUBLE'],
  [['1e5'], 'DOUBLE'],
  [['007'], 'VARCHAR'],
  [['+1'], 'VARCHAR'],
  [['9223372036854775808'], 'VARCHAR'],
  [['10000000000000000000'], 'DOUBLE'],
  [['true', 'false'], 'BOOLEAN'],
  [['true', '1'], 'VARCHAR'],
  [['2024-01-31'], 'DATE'],
  [['2024-01-31', '2024-01-31T10:00:00Z'], 'TIMESTAMP'],
  [['2024-02-31'], 'VARCHAR'],
  [['10:30', '11:00:00.5'], 'TIME'],
  [['0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d'], 'UUID'],
  [[''], 'VARCHAR'],
  [[], 'VARCHAR'],
])('the texts %j are %s', (texts, type) => {
  expect(fromTexts(...texts)).toBe(type);
});

test.each([
  ['[1, null, 2]', 'BIGINT'],
  ['[1, 2.5]', 'DOUBLE'],
  ['["1", "2"]', 'VARCHAR'],
  ['["2024-01-31"]', 'DATE'],
  ['[1, "a"]', 'VARCHAR'],
  ['[true, false]', 'BOOLEAN'],
  ['[[1], [2]]', 'JSON'],
  ['[{}, []]', 'JSON'],
  ['[{}, 1]', 'VARCHAR'],
  ['[null]', 'VARCHAR'],
])('the JSON values %s are %s', (values, type) => {
  const guess = new TypeGuess();
  const parsed = parseJson(values);
  for (const item of (parsed as { items: [] }).items) guess.addJson(item);
  expect(guess.result().dbType).toBe(type);
});

test('columns come in the order in which they appear', () => {
  const guesses = new ColumnGuesses();
  guesses.addRow(parseJson('{"b": 1}'));
  guesses.addRow(parseJson('{"a": "x", "b": 2}'));
  expect(guesses.results()).toEqual([
    { name: 'b', type: 'integer', dbType: 'BIGINT' },
    { name: 'a', type: 'string', dbType: 'VARCHAR' },
  ]);
});

test('the type that is found takes every value', () => {
  const cell = fc.oneof(
    fc.integer().map(String),
    fc.double().map(String),
    fc.boolean().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(cell), (cells) => {
      const guess = new TypeGuess();
      for (const text of cells) guess.addText(text);
      const { dbType } = guess.result();
      fc.pre(dbType !== 'VARCHAR');
      for (const text of cells) expect(readTextValue({ name: dbType }, text, parseJson)).not.toBeInstanceOf(Invalid);
    }),
  );
});
