import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect, inPieces } from '#tests/support/bytes.ts';
import { guessArrayLines } from './array-lines.ts';
import { splitJsonArray } from './split-array.ts';

const split = (body: string | Uint8Array, size: number, maxItemBytes = 1000) =>
  collect(splitJsonArray(inPieces(body, size), { maxItemBytes }));

test.each([1, 2, 3, 5, 1000])('cuts items in pieces of %d bytes', async (size) => {
  const body = '\ufeff [ {"a":"]},\\"ü"}, [1,[2]] ,3, "x,]\\\\",\nnull] \n';
  expect((await split(body, size)).map((item) => item.text.trim())).toEqual([
    '{"a":"]},\\"ü"}',
    '[1,[2]]',
    '3',
    '"x,]\\\\"',
    'null',
  ]);
  expect(await split('[]', size)).toEqual([]);
});

test.each([
  ['', 'empty'],
  ['{}', 'must be a JSON array'],
  ['[1', 'has no end'],
  ['[1,]', 'no value where item 2'],
  ['[,1]', 'no value where item 1'],
  ['[1][2]', 'text behind'],
])('refuses %j', async (body, message) => {
  await expect(split(body, 1)).rejects.toMatchObject({
    code: 'invalid_body',
    message: expect.stringContaining(message),
  });
});

test('an item without end does not fill the memory', async () => {
  await expect(split(`["${'x'.repeat(50)}"]`, 7, 20)).rejects.toMatchObject({ code: 'too_large' });
});

const anyObject = fc.dictionary(
  fc.string({ maxLength: 5 }),
  fc.oneof(
    fc.constantFrom('},{', '"},{"', '{', '}', ',', '\\', []),
    fc.jsonValue(),
    fc.array(fc.dictionary(fc.constantFrom('a', 'b'), fc.integer(), { maxKeys: 1 }), { maxLength: 3 }),
  ),
);

test('a guess whose lines are all JSON is the truth, and an array of plain objects is guessed', () => {
  const isJson = (line: string) => {
    try {
      return JSON.parse(line) !== undefined;
    } catch {
      return false;
    }
  };
  const linesOf = (json: string) => guessArrayLines(Buffer.from(json))?.toString().trimEnd().split('\n') ?? [''];
  fc.assert(
    fc.property(fc.array(anyObject, { minLength: 1, maxLength: 5 }), (items) => {
      const lines = linesOf(JSON.stringify(items));
      if (lines.every(isJson)) expect(lines).toEqual(items.map((item) => JSON.stringify(item)));
    }),
    { numRuns: 500 },
  );
  expect(linesOf('[{"a":1},{"a":"ü"},{}]')).toEqual(['{"a":1}', '{"a":"ü"}', '{}']);
  expect(linesOf('[{"a":"x},{y"}]').every(isJson)).toBe(false);
});

test.each(['', '[]', ' [{}]', '[{}] ', '[{},\n{}]', '[1,2]', '{}'])('makes no guess about %j', (json) => {
  expect(guessArrayLines(Buffer.from(json))).toBeNull();
});
