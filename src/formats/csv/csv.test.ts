import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect, inPieces } from '#tests/support/bytes.ts';
import { type CsvCell, readCsv } from './read-csv.ts';
import { writeCsvRecord } from './write-csv.ts';

const read = (body: string, size: number, maxRecordBytes = 10_000) =>
  collect(readCsv(inPieces(body, size), { maxRecordBytes }));

test.each([1, 2, 3, 7, 1000])('cells, lines and line endings, in pieces of %d bytes', async (size) => {
  const body = '\ufeff"a",b,"c,d"\r\n1,,""\n\n"x\r\ny","say ""hi""",ü😀\r\n,,\nlast,2,3';
  expect(await read(body, size)).toEqual([
    { line: 1, cells: ['a', 'b', 'c,d'], fault: null },
    { line: 2, cells: ['1', null, ''], fault: null },
    { line: 4, cells: ['x\r\ny', 'say "hi"', 'ü😀'], fault: null },
    { line: 6, cells: [null, null, null], fault: null },
    { line: 7, cells: ['last', '2', '3'], fault: null },
  ]);
});

test('a blank line is an empty cell where there is one column', async () => {
  expect((await read('a\n\nx\r\n\r\n', 3)).map((record) => record.cells)).toEqual([['a'], [null], ['x'], [null]]);
});

test.each([
  ['a,b\nx"y,1\nok,2', 2, 'quote but is not quoted'],
  ['a,b\n"x"y,1\nok,2', 2, 'behind its closing quote'],
  ['a,b\n"x\n\n,1', 2, 'no closing quote'],
  ['a,b\nx\ry,1\nok,2', 2, 'bare carriage return'],
])('a bad record is told by its line and spoils no other: %j', async (body, line, message) => {
  const records = await read(body, 2);
  expect(records[1]).toMatchObject({ line, cells: null, fault: expect.stringContaining(message) });
  if (body.includes('ok')) expect(records[2]).toMatchObject({ line: 3, cells: ['ok', '2'] });
});

test('a quote without end does not fill the memory', async () => {
  await expect(read(`a\n"${'x'.repeat(60)}`, 7, 30)).rejects.toMatchObject({ code: 'too_large' });
});

test('what is written is read back', async () => {
  const cell = fc.option(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '😀', ' ', '\\') }), {
    nil: null,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }).chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }))),
      fc.integer({ min: 1, max: 9 }),
      async (rows: CsvCell[][], size) => {
        const header = (rows[0] ?? ['h']).map((_, index) => `h${index}`);
        const records = await read([header, ...rows].map(writeCsvRecord).join(''), size);
        expect(records.slice(1).map((record) => record.cells)).toEqual(rows);
      },
    ),
  );
});
