import { expect, test } from 'vitest';
import { collect, inPieces } from '#tests/support/bytes.ts';
import { splitLines } from './split-lines.ts';

const split = (body: string | Uint8Array, size: number, maxLineBytes = 1000) =>
  collect(splitLines(inPieces(body, size), { maxLineBytes }));

test.each([1, 2, 3, 7, 1000])('counts physical lines in pieces of %d bytes', async (size) => {
  expect(await split('\ufeff{"a":"ü😀"}\r\n\n  \n[1]\nlast', size)).toEqual([
    { number: 1, text: '{"a":"ü😀"}\r' },
    { number: 4, text: '[1]' },
    { number: 5, text: 'last' },
  ]);
});

test('a line that is not UTF-8 has no text', async () => {
  expect(await split(Uint8Array.of(0x61, 0x0a, 0xff, 0x0a, 0x62), 2)).toEqual([
    { number: 1, text: 'a' },
    { number: 2, text: null },
    { number: 3, text: 'b' },
  ]);
});

test('a line without end does not fill the memory', async () => {
  await expect(split('x'.repeat(50), 7, 20)).rejects.toMatchObject({ code: 'too_large' });
});
