import fc from 'fast-check';
import { expect, test } from 'vitest';
import { microsecondsOf } from '#domain/record/time.ts';
import { FIRST_MICROS, LAST_MICROS, microsOf, timestampOfMicros } from './temporal.ts';

const seconds = fc.bigInt({ min: FIRST_MICROS / 1_000_000n, max: LAST_MICROS / 1_000_000n });
const anyMicros = fc
  .oneof(
    fc.bigInt({ min: FIRST_MICROS, max: LAST_MICROS }),
    fc.bigInt({ min: -(2n ** 53n) - 2n, max: 2n ** 53n + 2n }),
    // Where floating point would round to the second beside it.
    fc.tuple(seconds, fc.constantFrom(-1n, 0n, 1n)).map(([second, beside]) => second * 1_000_000n + beside),
  )
  .filter((micros) => micros >= FIRST_MICROS && micros <= LAST_MICROS);

/** By the calendar of JavaScript, which knows milliseconds. */
function secondOf(micros: bigint): string {
  const beside = ((micros % 1000n) + 1000n) % 1000n;
  return new Date(Number((micros - beside) / 1000n)).toISOString().slice(0, 19);
}

test('every microsecond is written as the calendar has it, and read as what it was', () => {
  fc.assert(
    fc.property(anyMicros, (micros) => {
      const text = timestampOfMicros(micros);
      expect(microsecondsOf(text)).toBe(micros);
      expect(BigInt(microsOf(text))).toBe(micros);
      expect(text.slice(0, 19)).toBe(secondOf(micros));
    }),
    { numRuns: 5000 },
  );
});
