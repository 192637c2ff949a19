import { expect, test } from 'vitest';
import { readTextValue } from './value-rules.ts';

test.each(['0', '0.0', '-0.00', '0e-5', '0e999'])('%s is the integer 0', (text) => {
  expect(readTextValue({ name: 'BIGINT' }, text, () => null)).toBe(0n);
  expect(readTextValue({ name: 'SMALLINT' }, text, () => null)).toBe(0);
});

test.each([
  ['SMALLINT', '-32768', -32768],
  ['SMALLINT', '-0', 0],
  ['INTEGER', '2147483647', 2147483647],
  ['INTEGER', '12.50e2', 1250],
  ['BIGINT', '-9223372036854775808', -(2n ** 63n)],
  ['BIGINT', '999999999999999', 999_999_999_999_999n],
  ['BIGINT', '9007199254740993', 9_007_199_254_740_993n],
] as const)('%s reads %s', (name, text, value) => {
  expect(readTextValue({ name }, text, () => null)).toBe(value);
});

test.each([
  ['SMALLINT', '32768'],
  ['INTEGER', '-2147483649'],
  ['BIGINT', '9223372036854775808'],
  ['BIGINT', '1e400'],
  ['BIGINT', `1${'0'.repeat(400)}`],
] as const)('%s does not hold %s', (name, text) => {
  expect(readTextValue({ name }, text, () => null)).toMatchObject({
    message: expect.stringContaining('must lie between'),
  });
});
