import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '#domain/record/json.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { everyType } from '#tests/support/dataset-builders.ts';
import { quickRowReader } from './quick-json-row.ts';

const validator = compileRowValidator(everyType(), compileRe2);
const readQuickly = quickRowReader(validator);

/** What the exact rule says of a line; null where it refuses it or it is no row. */
function exactRow(text: string) {
  try {
    const verdict = validator.createFromLine(parseJson(text), '');
    return verdict.ok ? verdict.value.row : null;
  } catch {
    return null;
  }
}

const names = validator.dataset.properties.map(({ name }) => name);
const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.stringMatching(/^-?(?:0|[1-9][0-9]{0,20})(?:[.][0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?$/),
  fc.constantFrom('-0', '-0.0', '1.0', '1e3', '15e-1', '7.25', '0.00005', '99999999999999.9999', '1.00000000000000001'),
);
const givenText = fc.constantFrom(
  '"a"',
  '""',
  '"ü😀"',
  '"a\\"b"',
  '"2024-02-29"',
  '"2023-02-29"',
  '"10:30"',
  '"23:59:59.50"',
  '"2024-01-31T10:30:00Z"',
  '"0000-01-01T00:00:00Z"',
  '"2024-01-31 10:30:00+02"',
  '"0190A6C2-1B7E-7CC3-9D2F-5E8F3C1A2B4D"',
  '"12345678901234567890"',
  '": 12345678901234567890"',
);
const value = fc.oneof(number, givenText, fc.constantFrom('null', 'true', 'false', '[]', '{}', '{"a":1}', 'nul'));
const blank = fc.constantFrom('', ' ', '\t');
const member = fc
  .tuple(fc.constantFrom(...names, 'id', 'unknown', '__proto__'), blank, blank, value)
  .map(([name, before, after, given]) => `"${name}"${before}:${after}${given}`);
const inOrder = fc
  .tuple(...names.map((name) => value.map((given) => `"${name}":${given}`)), fc.nat(names.length))
  .map((parts) => parts.slice(0, parts.at(-1) as number) as string[]);
const written = fc
  .tuple(fc.oneof(fc.array(member, { maxLength: 8 }), inOrder), blank, blank, blank)
  .map(
    ([members, before, between, end]) =>
      `${before}{${between}${members.join(`${between},${between}`)}${between}}${end}`,
  );
/** Lines of which a character was lost, came again or was changed. */
const damaged = fc
  .tuple(written, fc.nat(200), fc.nat(2), fc.constantFrom(...'{}[]":,0-.e \t\u0001x'))
  .map(
    ([text, at, taken, put]) => text.slice(0, at) + (taken === 2 ? '' : put) + text.slice(at + (taken === 0 ? 0 : 1)),
  );
/** Lines are text; half a character stands in none. */
const line = fc.oneof(written, damaged).filter((text) => text.isWellFormed());

test('whatever it is sure of, the exact rule says too', () => {
  let sure = 0;
  fc.assert(
    fc.property(line, (text) => {
      const quick = readQuickly(text);
      if (quick === null) return;
      sure++;
      expect(quick).toEqual(exactRow(text));
    }),
    { numRuns: 20_000 },
  );
  expect(sure).toBeGreaterThan(1000);
});

test('is sure of plain rows', () => {
  expect(readQuickly('{"text":"a","big":5,"int":-1,"double":0.30000000000000004,"price":7.25,"flag":true}')).toEqual(
    exactRow('{"text":"a","big":5,"int":-1,"double":0.30000000000000004,"price":7.25,"flag":true}'),
  );
  expect(readQuickly('{"big":1,"big":2}')).toBeNull();
  expect(readQuickly('{"big":1.0000000000000000001}')).toBeNull();
});
