import { DataForgeError } from '#domain/errors.ts';
import { splitLines } from '../ndjson/split-lines.ts';
import { jsonArrayLines } from './array-lines.ts';

/** One item of a JSON array as it was sent; `number` counts items from 1. */
export interface ArrayItem {
  readonly number: number;
  readonly text: string;
}

/**
 * Cuts a JSON array into its items while it arrives, holding one item at a time. What is inside an item is for the
 * reader of the item to judge.
 * @throws DataForgeError `invalid_body` where the bytes are no JSON array of valid UTF-8, `too_large` for an item of
 * more than `maxItemBytes`
 */
export async function* splitJsonArray(
  body: AsyncIterable<Uint8Array>,
  limits: { readonly maxItemBytes: number },
): AsyncGenerator<ArrayItem[]> {
  for await (const lines of splitLines(jsonArrayLines(body), { maxLineBytes: limits.maxItemBytes })) {
    yield lines.map(({ number, text }) => {
      if (text === null) {
        throw new DataForgeError('invalid_body', `Item ${number} of the JSON array is not valid UTF-8.`);
      }
      return { number, text };
    });
  }
}
