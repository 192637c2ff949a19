import { expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { streamWithTimeLimit } from './time-limit.ts';

test('a source that just ends when it is told to is not taken for whole', async () => {
  const outer = new AbortController();
  const read = async () => {
    const items: number[] = [];
    const source = async function* (signal: AbortSignal) {
      for (let at = 0; !signal.aborted; at++) yield at;
    };
    for await (const item of streamWithTimeLimit(outer.signal, 10_000, source)) {
      items.push(item);
      if (item === 2) outer.abort(new DataForgeError('cancelled', 'The flight was cancelled.'));
    }
    return items;
  };
  await expect(read()).rejects.toMatchObject({ code: 'cancelled', message: 'The flight was cancelled.' });
});
