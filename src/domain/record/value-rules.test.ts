import { expect, test } from 'vitest';
import { readTextValue } from './value-rules.ts';

test.each(['0', '0.0', '-0.00', '0e-5', '0e999'])('%s is the integer 0', (text) => {
  expect(readTextValue({ name: 'BIGINT' }, text, () => null)).toBe(0n);
  expect(readTextValue({ name: 'SMALLINT' }, text, () => null)).toBe(0);
});
