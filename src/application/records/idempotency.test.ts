import { expect, test } from 'vitest';
import type { RecordWriter } from '../ports/record-writer.ts';
import { IdempotencyKeeper, type Once } from './idempotency.ts';

const DAY = 24 * 60 * 60 * 1000;

function keeper() {
  const marks = new Map<string, string>();
  const forgotten: string[] = [];
  const writer: RecordWriter = {
    commit: async () => [],
    readMark: async (_kind, key) => marks.get(key) ?? null,
    readMarks: async () => marks,
    forgetMarks: async (_kind, before) => {
      forgotten.push(before);
    },
  };
  const clock = { now: () => Date.parse('2026-01-10T00:00:00Z'), elapsed: () => 0 };
  return { marks, forgotten, keeper: new IdempotencyKeeper(writer, clock, () => {}) };
}

function once(hash: string, scope = 'scope'): Once<string> {
  return {
    scope,
    hash: () => hash,
    hashRead: () => hash,
    answer: (result) => ({ status: 201, headers: { etag: '"1"' }, body: result }),
  };
}

test('the answer is kept by the mark of the work, and given again', async () => {
  const { keeper: keep, marks } = keeper();
  const work = async (mark: { key: string; value: (result: string) => string } | null) => {
    if (mark) marks.set(mark.key, mark.value('made'));
    return 'made';
  };
  expect(await keep.run(once('h'), work)).toEqual({ replayed: null, result: 'made' });
  const again = await keep.run(once('h'), async () => expect.unreachable());
  expect(again.replayed).toEqual({ status: 201, headers: { etag: '"1"' }, body: 'made' });
  await expect(keep.run(once('other'), work)).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  expect(await keep.run(null, work)).toEqual({ replayed: null, result: 'made' });
  keep.close();
});

test('repeats wait for the first; where it fails, the next one tries', async () => {
  const { keeper: keep, marks } = keeper();
  let runs = 0;
  const work = async (mark: { key: string; value: (result: string) => string } | null) => {
    runs++;
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (runs === 1) throw new Error('broken');
    if (mark) marks.set(mark.key, mark.value('made'));
    return 'made';
  };
  const all = await Promise.allSettled([1, 2, 3, 4].map(() => keep.run(once('h'), work)));
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  expect(runs).toBe(2);
  keep.close();
});

test('what is older than a day is forgotten', async () => {
  const { keeper: keep, forgotten } = keeper();
  await keep.forget();
  expect(forgotten).toEqual([new Date(Date.parse('2026-01-10T00:00:00Z') - DAY).toISOString().replace('.000', '')]);
  keep.close();
});
