import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clockText, dateText, intervalText, momentText } from './sql-times.ts';

test('dates are those of the calendar', () => {
  const day = fc.integer({ min: -719_162, max: 2_932_896 });
  fc.assert(
    fc.property(day, (days) => {
      expect(dateText(days)).toBe(new Date(days * 86_400_000).toISOString().slice(0, 10));
    }),
  );
  expect([dateText(-719_529), dateText(2_932_897), dateText(2 ** 31 - 1)]).toEqual([
    '-000001-12-31',
    '+010000-01-01',
    'infinity',
  ]);
});

test('moments are those of the calendar, before 1970 too, with the fraction they have', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }), (date) => {
      const text = date.toISOString().replace(/\.?0*Z$/, 'Z');
      expect(momentText(BigInt(date.getTime()), 3, 'Z')).toBe(text);
    }),
  );
  expect(momentText(-1n, 9, '')).toBe('1969-12-31T23:59:59.999999999');
  expect(clockText(86_400_000_000n, 6)).toBe('24:00:00');
});

test.each([
  [14, 3, 4n * 3600n * 1_000_000_000n, 'P1Y2M3DT4H'],
  [0, 0, 0n, 'PT0S'],
  [-1, 1, -1_500_000_000n, 'P-1M1DT-1.5S'],
  [0, 0, 60_000_000_000n, 'PT1M'],
])('an interval of %i months, %i days and %i ns is a duration', (months, days, nanoseconds, text) => {
  expect(intervalText(months, days, nanoseconds)).toBe(text);
});
