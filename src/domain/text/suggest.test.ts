import { expect, test } from 'vitest';
import { didYouMean, nearestWord } from './suggest.ts';

test.each([
  ['requird', 'required'],
  ['primarykey', 'primary_key'],
  ['Primary-Key', 'primary_key'],
  ['descrpition', 'description'],
  ['tyep', 'type'],
  ['colour', null],
  ['', null],
])('%s is near %s', (wanted, word) => {
  expect(nearestWord(wanted, ['required', 'primary_key', 'description', 'type'])).toBe(word);
});

test('the hint is a parenthesis or nothing', () => {
  expect(didYouMean('tpye', ['type'])).toBe(' (did you mean "type"?)');
  expect(didYouMean('x', ['type'])).toBe('');
});
