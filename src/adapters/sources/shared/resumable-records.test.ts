import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BodyPlace, resumableRecords } from './resumable-records.ts';

const anyRow = fc.record({ id: fc.integer(), text: fc.string() });
const anySize = fc.integer({ min: 1, max: 40 });

async function* inPieces(body: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

async function readAll(body: string, size: number, format: 'ndjson' | 'csv', from: BodyPlace | null, part: number) {
  const pieces = [];
  for await (const piece of resumableRecords(inPieces(Buffer.from(body), size), format, from, part)) {
    pieces.push({
      ...piece,
      bytes: Buffer.from(piece.bytes).toString(),
      header: piece.header && Buffer.from(piece.header).toString(),
    });
  }
  return pieces;
}

function csvOf(rows: readonly { id: number; text: string }[]): string {
  return `id,text\n${rows.map(({ id, text }) => `${id},"${text.replaceAll('"', '""')}"\n`).join('')}`;
}

test.each([
  ['ndjson', (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')],
  ['csv', csvOf as (rows: readonly object[]) => string],
] as const)('%s is cut between records, however it comes, and gone on in from any place', async (format, write) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRow, { maxLength: 12 }),
      anySize,
      anySize,
      anySize,
      async (rows, size, other, part) => {
        const body = write(rows);
        const header = format === 'csv' && rows.length > 0 ? 'id,text\n' : '';
        const pieces = await readAll(body, size, format, null, part);
        expect(header + pieces.map(({ bytes }) => bytes).join('')).toBe(rows.length > 0 ? body : header);
        expect(pieces.at(-1)?.place.records ?? 0).toBe(rows.length);
        for (const [at, { place }] of pieces.entries()) {
          const rest = await readAll(body, other, format, place, part);
          const expected = pieces.slice(at + 1).map(({ bytes }) => bytes);
          expect(rest.map(({ bytes }) => bytes).join('')).toBe(expected.join(''));
          expect(rest.at(-1)?.place ?? place).toEqual(pieces.at(-1)?.place);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a body without an end of its last line has one record more', async () => {
  const [piece] = await readAll('{"a":1}\n{"a":2}', 100, 'ndjson', null, 1000);
  expect(piece?.bytes).toBe('{"a":1}\n');
  expect(
    (await readAll('{"a":1}\n{"a":2}', 100, 'ndjson', piece?.place ?? null, 1000)).map(({ bytes }) => bytes),
  ).toEqual(['{"a":2}\n']);
});

test('what has changed before the place is told, and what is no longer there', async () => {
  const [piece] = await readAll('{"a":1}\n', 3, 'ndjson', null, 1000);
  const place = piece?.place ?? null;
  await expect(readAll('{"a":9}\n{"a":2}\n', 3, 'ndjson', place, 1000)).rejects.toMatchObject({
    code: 'source_failed',
  });
  await expect(readAll('{"', 3, 'ndjson', place, 1000)).rejects.toMatchObject({ code: 'source_failed' });
});
