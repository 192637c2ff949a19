import fc from 'fast-check';
import type { Key } from './oracle.ts';

/** A value: how it is sent (a JSON literal), what it is compared as, and how it must be shown. */
export interface Cell {
  readonly sent: string;
  readonly key: Key;
  readonly shown: string;
}

export const NULL_CELL: Cell = { sent: 'null', key: null, shown: 'null' };

const LETTERS = [...'aAsSſßéÉσςΣ𐐀𐐨😀😀%_\\iİıK\uffee\n"\'\u0001\u0307'];

/** Patterns and texts share an alphabet, so that they meet. */
const anyText: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(...LETTERS),
  maxLength: 4,
  size: 'max',
});

export const anyPattern: fc.Arbitrary<string> = fc
  .string({ unit: fc.constantFrom(...LETTERS, '%', '%', '%', '%', '_', '_', '_'), maxLength: 5, size: 'max' })
  .map((text) => ((/\\*$/.exec(text)?.[0].length ?? 0) % 2 === 1 ? `${text}\\` : text));

/** Any value of a storage type in the notation of dataset files, its edges often. */
export function anyCell(type: string): fc.Arbitrary<Cell> {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  if (decimal) return anyDecimal(Number(decimal[1]), Number(decimal[2]));
  switch (type) {
    case 'VARCHAR':
      return anyText.map((text) => ({ sent: JSON.stringify(text), key: text, shown: JSON.stringify(text) }));
    case 'BIGINT':
      return anyInteger(63n);
    case 'INTEGER':
      return anyInteger(31n);
    case 'SMALLINT':
      return anyInteger(15n);
    case 'DOUBLE':
      return fc
        .oneof(
          fc.constantFrom(0, -0, 5e-324, -1.7976931348623157e308, 0.1, 2 ** 53),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        )
        .map((number) => ({
          sent: Object.is(number, -0) ? '-0.0' : String(number),
          key: number === 0 ? 0 : number,
          shown: String(number),
        }));
    case 'BOOLEAN':
      return fc.boolean().map((flag) => ({ sent: String(flag), key: flag, shown: String(flag) }));
    case 'DATE':
      return anyMicros(FIRST, LAST).map((micros) => text(isoOf(micros).slice(0, 10)));
    case 'TIME':
      return fc.tuple(anyMicros(0n, DAY - 1n), fc.boolean()).map(([micros, isLong]) => {
        const whole = isoOf(micros).slice(11, -1);
        return { sent: JSON.stringify(isLong ? padded(whole) : whole), key: micros, shown: JSON.stringify(whole) };
      });
    case 'TIMESTAMP':
      return anyTimestamp;
    case 'UUID':
      return fc.tuple(fc.uuid(), fc.boolean()).map(([uuid, isUpper]) => ({
        sent: JSON.stringify(isUpper ? uuid.toUpperCase() : uuid),
        key: uuid,
        shown: JSON.stringify(uuid),
      }));
    default:
      return fc
        .oneof(
          fc.array(fc.oneof(anyText, fc.integer(), fc.constant(null)), { maxLength: 3 }).map((list) => ({ list })),
          fc.dictionary(anyText, fc.integer(), { maxKeys: 2 }),
        )
        .map((json) => ({
          sent: JSON.stringify(json, null, 1),
          key: JSON.stringify(json),
          shown: JSON.stringify(json),
        }))
        .filter(({ sent }) => !sent.includes('__proto__'))
        .map((cell) => ({ ...cell, sent: cell.sent.replaceAll('\n', ' ') }));
  }
}

function text(value: string): Cell {
  return { sent: JSON.stringify(value), key: value, shown: JSON.stringify(value) };
}

function anyInteger(bits: bigint): fc.Arbitrary<Cell> {
  const [min, max] = [-(2n ** bits), 2n ** bits - 1n];
  const edges = [min, min + 1n, -1n, 0n, 1n, 100n, max - 1n, max].concat(
    bits === 63n ? [2n ** 53n, 2n ** 53n + 1n] : [],
  );
  return fc
    .tuple(fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min, max })), fc.constantFrom('', '.0', 'e0'))
    .map(([number, tail]) => ({ sent: `${number}${tail}`, key: number, shown: String(number) }));
}

function anyDecimal(precision: number, scale: number): fc.Arbitrary<Cell> {
  const max = 10n ** BigInt(precision) - 1n;
  return fc
    .tuple(fc.oneof(fc.constantFrom(-max, -1n, 0n, 1n, max), fc.bigInt({ min: -max, max })), fc.boolean())
    .map(([number, isShort]) => {
      const digits = String(number < 0n ? -number : number).padStart(scale + 1, '0');
      const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`;
      const shown = `${number < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${fraction}`;
      const short = shown.includes('.') ? shown.replace(/\.?0+$/, '') : shown;
      return { sent: isShort ? short : shown, key: number, shown };
    });
}

const DAY = 86_400_000_000n;
const FIRST = BigInt(Date.parse('0001-01-01T00:00:00Z')) * 1000n;
const LAST = BigInt(Date.parse('9999-12-31T23:59:59Z')) * 1000n + 999_999n;

function anyMicros(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  const edges = [min, -1n, 0n, 1n, 999_999n, 1_500_000n, 1_700_000_000_000_000n, max];
  return fc
    .oneof(fc.constantFrom(...edges), fc.bigInt({ min, max }))
    .filter((micros) => micros >= min && micros <= max);
}

const anyTimestamp: fc.Arbitrary<Cell> = fc
  .tuple(anyMicros(FIRST + DAY, LAST - DAY), fc.constantFrom('Z', '', '+00:00', '+05:30', '-11:45', 'long', 'blank'))
  .map(([micros, form]) => {
    const shown = isoOf(micros);
    const plain = shown.slice(0, -1);
    const zone = /^([+-])(\d\d):(\d\d)$/.exec(form);
    const minutes = zone ? (Number(zone[2]) * 60 + Number(zone[3])) * (zone[1] === '-' ? -1 : 1) : 0;
    const local = isoOf(micros + BigInt(minutes) * 60_000_000n).slice(0, -1);
    const sent = zone
      ? local + form
      : form === 'long'
        ? `${padded(plain)}Z`
        : form === 'blank'
          ? plain.replace('T', ' ')
          : plain + form;
    return { sent: JSON.stringify(sent), key: micros, shown: JSON.stringify(shown) };
  });

/** ISO text of microseconds since 1970, by way of milliseconds. */
function isoOf(micros: bigint): string {
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  const milliseconds = Number((micros - rest) / 1000n);
  const fraction = new Date(milliseconds).toISOString().slice(20, 23) + String(rest).padStart(3, '0');
  const trimmed = fraction.replace(/0+$/, '');
  return `${new Date(milliseconds).toISOString().slice(0, 19)}${trimmed === '' ? '' : `.${trimmed}`}Z`;
}

/** The same time with all six digits of its fraction. */
function padded(time: string): string {
  const [whole = '', fraction = ''] = time.split('.');
  return `${whole}.${fraction.padEnd(6, '0')}`;
}
