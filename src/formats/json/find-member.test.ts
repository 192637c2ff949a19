import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findMember } from './find-member.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const found = (text: string, path: string[]) => {
  const value = findMember(bytes(text), path);
  return value === null ? null : new TextDecoder().decode(value);
};

test('finds any member of any object, as it is written', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), { minKeys: 1 }),
      fc.constantFrom(0, 2),
      (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        for (const [outer, inner] of Object.entries(object)) {
          for (const [name, value] of Object.entries(inner)) {
            expect(JSON.parse(found(text, [outer, name]) ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
          }
        }
      },
    ),
  );
});

test('keeps the digits of numbers, and takes names with escapes', () => {
  expect(found('{"a\\u0062": {"n": 12345678901234567890.10, "s": "x\\"}\\\\"}}', ['ab', 'n'])).toBe(
    '12345678901234567890.10',
  );
  expect(found('{"a": "x\\"}\\\\", "b": [1, {"c": "]"}] }', ['b'])).toBe('[1, {"c": "]"}]');
  expect(found('\ufeff [1]', [])).toBe('[1]');
});

test('there is nothing where nothing is', () => {
  expect(found('{"a": {"b": 1}}', ['a', 'c'])).toBe(null);
  expect(found('{"a": [1]}', ['a', 'b'])).toBe(null);
  expect(found('{}', ['a'])).toBe(null);
});

test.each(['', '{', '{"a"', '{"a": ', '{"a": [1, 2', '{"a": {"b": "c'])('%j is not whole', (text) => {
  expect(() => found(text, ['a'])).toThrow('no whole JSON');
});
