import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowMessages } from './row-messages.ts';

test('lines come as rows to the letter, wherever the blocks are cut', async () => {
  const line = fc.jsonValue().map((value) => JSON.stringify({ value }));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(), { maxLength: 5 }), async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
      const blocks = [...ends, bytes.length].map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
      const texts: string[] = [];
      let count = 0;
      for await (const { message, rows } of rowMessages('"q"', from(blocks.filter(({ length }) => length > 0)))) {
        const { rows: shown, ...rest } = JSON.parse(Buffer.from(message).toString());
        expect(rest).toEqual({ type: 'rows', id: 'q' });
        texts.push(...shown.map((row: unknown) => JSON.stringify(row)));
        count += rows;
      }
      expect(texts).toEqual(lines.map((text) => JSON.stringify(JSON.parse(text))));
      expect(count).toBe(lines.length);
    }),
  );
});

async function* from(blocks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* blocks;
}
