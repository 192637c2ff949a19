import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyDbType, anyValueOf } from '#tests/support/any-dataset.ts';
import { decoderOf, encoderOf } from './sqlite-values.ts';

test('a value that is on its way to the store is read as what it was', () => {
  const anyTyped = anyDbType.chain((type) => anyValueOf(type).map((value) => ({ type, value })));
  fc.assert(
    fc.property(anyTyped, ({ type, value }) => {
      expect(decoderOf(type)(encoderOf(type)(value))).toBe(value);
    }),
    { numRuns: 3000 },
  );
});
