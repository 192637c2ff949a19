import { expect, test } from 'vitest';
import { compileLike, formatLike, parseLike } from './like.ts';

const like = (pattern: string, text: string, ignoreCase = false) =>
  compileLike(parseLike(pattern) ?? [], ignoreCase)(text);

test.each([
  ['', '', true],
  ['', 'a', false],
  ['%', '', true],
  ['_', '', false],
  ['a%', 'abc', true],
  ['%c', 'abc', true],
  ['%b%', 'abc', true],
  ['a_c', 'abc', true],
  ['a_c', 'abbc', false],
  ['%aab', 'aaaab', true],
  ['%a%b%c', 'xaxbxbxc', true],
  ['%a%b%c', 'xcxbxa', false],
  ['_', '😀', true],
  ['__', '😀', false],
  ['%_😀', 'a😀', true],
  ['100\\%', '100%', true],
  ['100\\%', '1000', false],
  ['a\\_c', 'a_c', true],
  ['a\\_c', 'abc', false],
  ['\\\\', '\\', true],
  ['\\a', 'a', true],
  ['A', 'a', false],
  ['a\nb', 'a\nb', true],
  ['_', '\n', true],
])('%j matches %j: %j', (pattern, text, expected) => {
  expect(like(pattern, text)).toBe(expected);
});

test.each([
  ['ΣΊΣΥΦΟΣ', 'σίσυφος', true],
  ['ß', 'ss', false],
  ['ſ', 'S', true],
  ['i', 'İ', false],
  ['%É%', 'café au lait', true],
  ['𐐀', '𐐨', true],
])('%j matches %j without case: %j', (pattern, text, expected) => {
  expect(like(pattern, text, true)).toBe(expected);
});

test('a trailing lone backslash is no pattern', () => {
  expect(parseLike('a\\')).toBeNull();
  expect(parseLike('a\\\\')).not.toBeNull();
});

test('a pattern is written back so that it reads alike', () => {
  for (const text of ['a%b_c', '\\%\\_\\\\', '%%a', 'plain', '']) {
    const pattern = parseLike(text);
    expect(parseLike(formatLike(pattern ?? []))).toEqual(pattern);
  }
});

test('many wildcards do not take for ever', () => {
  expect(like('%a'.repeat(50), `${'a'.repeat(2000)}b`)).toBe(false);
});
