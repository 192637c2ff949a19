import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCsv } from './read-csv.ts';
import { tsvToCsv } from './tsv-to-csv.ts';

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('values between tabs are the same values in CSV, quoted or not', async () => {
  const plain = fc.string({ minLength: 1 }).filter((text) => !/^"|[\t\n\r]|^\ufeff/.test(text));
  const quoted = fc.string({ minLength: 1 }).filter((text) => !text.includes('\r'));
  const cell = fc.oneof(
    plain.map((value) => ({ value, text: value })),
    quoted.map((value) => ({ value, text: `"${value.replaceAll('"', '""')}"` })),
  );
  const table = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
      const tsv = `a\tb\n${rows.map((cells) => `${cells.map(({ text }) => text).join('\t')}\n`).join('')}`;
      const records = (await Array.fromAsync(readCsv(tsvToCsv(inPieces(tsv, size)), { maxRecordBytes: 1e6 }))).flat();
      expect(records.map(({ cells }) => cells)).toEqual([
        ['a', 'b'],
        ...rows.map((cells) => cells.map(({ value }) => value)),
      ]);
    }),
  );
});
