import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capitalName, graphqlName } from './names.ts';

test.each([
  ['field_code', 'fieldCode'],
  ['IMDB_Rating', 'imdbRating'],
  ['col_1', 'col_1'],
  ['a b', 'a_u20_b'],
  ['true', '_u74_rue'],
  ['1st', '_u31_st'],
  ['a__b', 'a_u5f_B'],
])('%j becomes %s', (name, expected) => expect(graphqlName(name)).toBe(expected));

const anyName = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({ unit: fc.constantFrom(...'ab_uU15f2ä😀 '), minLength: 1, maxLength: 12 }),
);

test('every name becomes a GraphQL name that only names of the same letters share', () => {
  fc.assert(
    fc.property(anyName, anyName, (one, other) => {
      expect(graphqlName(one)).toMatch(/^(?!__)[_A-Za-z][_0-9A-Za-z]*$/);
      const same = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      expect(graphqlName(one) === graphqlName(other)).toBe(same(one) === same(other));
      expect(capitalName(one) === capitalName(other)).toBe(same(one) === same(other));
    }),
    { numRuns: 5000 },
  );
});
