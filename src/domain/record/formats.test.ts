import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ValueFormat } from '../dataset/dataset.ts';
import { FORMAT_PATTERNS } from './formats.ts';

function is(format: ValueFormat, text: string): boolean {
  return new RegExp(FORMAT_PATTERNS[format]).test(text);
}

test.each<[ValueFormat, string, boolean]>([
  ['email', 'ada@example.org', true],
  ['email', 'ada@localhost', true],
  ['email', 'ada example.org', false],
  ['email', 'ada@-x.org', false],
  ['uri', 'https://example.org/a?b=c#d', true],
  ['uri', 'mailto:ada@example.org', true],
  ['uri', 'example.org', false],
  ['uri', 'https://a b', false],
  ['hostname', 'a.example', true],
  ['hostname', 'a..example', false],
  ['ipv4', '127.0.0.1', true],
  ['ipv4', '127.0.0.256', false],
  ['ipv4', '127.0.0.01', false],
  ['ipv6', '::1', true],
  ['ipv6', '::ffff:1.2.3.4', true],
  ['ipv6', '1::2::3', false],
])('%s: %s is %s', (format, text, verdict) => {
  expect(is(format, text)).toBe(verdict);
});

test('addresses are those that Node knows', () => {
  const mixed = fc.array(fc.constantFrom('1', 'ab', 'ffff', '0', ':', '::', '.', '255', '256'), { maxLength: 12 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        mixed.map((parts) => parts.join('')),
      ),
      (text) => {
        expect(is('ipv4', text)).toBe(isIPv4(text));
        expect(is('ipv6', text)).toBe(isIPv6(text));
      },
    ),
    { numRuns: 2000 },
  );
});
