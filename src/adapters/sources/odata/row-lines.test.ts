import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowLines } from './row-lines.ts';
import type { MemberShape, RowShape } from './row-shape.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const decoded = (lines: Uint8Array) => new TextDecoder().decode(lines);

function linesOf(text: string, shape: RowShape = new Map(), besides = ''): string {
  return decoded(new RowLines({ shape, besides, special: () => bytes('{"special":1}\n') }).of(bytes(text)));
}

const SHAPE: RowShape = new Map<string, MemberShape>([
  ['price', { kind: 'number' }],
  ['at', { kind: 'time' }],
  [
    'place',
    {
      kind: 'flat',
      prefix: 'place_',
      shape: new Map<string, MemberShape>([
        ['height', { kind: 'number' }],
        ['map', { kind: 'flat', prefix: 'place_map_', shape: new Map() }],
      ]),
    },
  ],
]);

test('numbers become numbers and keep their digits, texts stay texts', () => {
  expect(linesOf('[{"price":"12345678901234567890.1200","n":"1.5"},{"price":-0.10},{"price":null}]', SHAPE)).toBe(
    '{"price":12345678901234567890.1200,"n":"1.5"}\n{"price":-0.10}\n{"price":null}\n',
  );
});

test.each(['"INF"', '"007"', '".5"', '"1."', '""', '"1e5"', '"-"'])('%s is no number, and stays a text', (value) => {
  expect(linesOf(`[{"price":${value}}]`, SHAPE)).toBe(`{"price":${value}}\n`);
});

test('a time loses zeros that say nothing, and nothing else', () => {
  expect(
    linesOf(
      '[{"at":"2024-01-01T00:00:00.1234560Z"},{"at":"2024-01-01T00:00:00.1234567Z"},{"at":"2024-01-01T00:00:00.5+01:00"},{"at":"10:00:00.000000000"}]',
      SHAPE,
    ),
  ).toBe(
    '{"at":"2024-01-01T00:00:00.123456Z"}\n{"at":"2024-01-01T00:00:00.1234567Z"}\n{"at":"2024-01-01T00:00:00.5+01:00"}\n{"at":"10:00:00.000000"}\n',
  );
});

test('members of flat properties stand in the row', () => {
  expect(
    linesOf(
      '[{"id":1,"place":{"city":"A","height":"1.50","map":{"x":1}},"b":2},{"place":null,"b":[3]},{"place":{}}]',
      SHAPE,
    ),
  ).toBe('{"id":1,"place_city":"A","place_height":1.50,"place_map_x":1,"b":2}\n{"b":[3]}\n{}\n');
});

test('what the service says goes, wherever it stands', () => {
  expect(
    linesOf(
      '[ {"@odata.etag":"W/\\"1\\"", "id" : 1 ,\n "a@odata.type":"#x","mail":"a@b.c","parts":[{"@odata.id":"x","n":[1,{"m@x":2,"k":3}]}],"parts@odata.count":1 } ]',
    ).replaceAll(' ', ''),
  ).toBe('{"id":1,"mail":"a@b.c","parts":[{"n":[1,{"k":3}]}]}\n');
});

test('what every row gets besides, with other members and without', () => {
  expect(linesOf('[{"a":1},{},{"@odata.id":"x"}]', SHAPE, ',"gone":false')).toBe(
    '{"a":1,"gone":false}\n{"gone":false}\n{"gone":false}\n',
  );
});

test.each([
  '{"@removed":{"reason":"deleted"},"id":1}',
  '{"id":1,"@odata.removed":{"reason":"changed"}}',
  '{"@odata.context":"$metadata#Wells/$deletedEntity","id":"Wells(1)"}',
  '{"@context":"#Wells/$link","source":"a"}',
])('%j speaks of an entity and is none', (entry) => {
  expect(linesOf(`[{"a":1},${entry},{"a":2}]`)).toBe('{"a":1}\n{"special":1}\n{"a":2}\n');
});

test.each(['', '[', '[{"a":1}', '[{"a":1', '[{"a" 1}]', '[{"a":1,}]', '[{"a":1 "b":2}]', '[1]', '[{"a":1},]'])(
  '%j is no whole list of objects',
  (text) => {
    expect(() => linesOf(text)).toThrow('no whole JSON');
  },
);

const name = fc.oneof(fc.constantFrom('price', 'at', 'b', 'a"b\\', '@odata.id', 'c@x'), fc.string());

/** What is left of a value when nothing that the service says is in it. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([key]) => !key.includes('@'));
  return Object.fromEntries(members.map(([key, member]) => [key, clean(member)]));
}

test('any rows come out as they went in, but for what the service says', () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.dictionary(name, fc.jsonValue({ maxDepth: 1 })));
  fc.assert(
    fc.property(fc.array(fc.dictionary(name, value)), fc.constantFrom(0, 2), (rows, indent) => {
      const wanted = rows.map((row) => {
        const kept = clean(JSON.parse(JSON.stringify(row))) as Record<string, unknown>;
        const isNumber = typeof kept.price === 'string' && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(kept.price);
        return isNumber ? { ...kept, price: Number(kept.price) } : kept;
      });
      const lines = linesOf(JSON.stringify(rows, null, indent), new Map([['price', { kind: 'number' }]]));
      const read = lines.split('\n').slice(0, -1);
      expect(read.map((line) => JSON.parse(line))).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});
