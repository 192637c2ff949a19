import { expect, test } from 'vitest';
import { compileRe2 } from './re2.ts';

test('a pattern is found anywhere in a text', () => {
  const found = compileRe2('[0-9]+x');
  expect(found('a12xb')).toBe(true);
  expect(found('a12b')).toBe(false);
});

test.each(['(', '(?=a)', 'a(?<!b)', '\\1'])('%s is not RE2 and is refused with a reason', (source) => {
  expect(() => compileRe2(source)).toThrow(/.+/);
});
