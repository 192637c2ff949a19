import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Piece } from './cut-batches.ts';
import { readAhead } from './read-ahead.ts';

const piece = (id: number): Piece => ({
  kind: 'records',
  format: 'ndjson',
  header: null,
  bytes: Buffer.alloc(10),
  cursor: { id },
});
const idOf = (read: Piece) => (read.kind === 'cut' ? null : read.cursor.id);

test('pieces come in their order, and what fails comes behind those before it', async () => {
  async function* failing() {
    for (let id = 0; id < 5; id++) yield piece(id);
    throw new Error('enough');
  }
  const read: unknown[] = [];
  const end = await (async () => {
    for await (const next of readAhead(failing(), 1000)) {
      await sleep(1);
      read.push(idOf(next));
    }
  })().catch((error) => error);
  expect(read).toEqual([0, 1, 2, 3, 4]);
  expect(end.message).toBe('enough');
});

test('no more is read ahead than was asked for, and nothing once nobody wants more', async () => {
  let made = 0;
  let isClosed = false;
  async function* endless() {
    try {
      for (;;) yield piece(made++);
    } finally {
      isClosed = true;
    }
  }
  for await (const next of readAhead(endless(), 30)) {
    await sleep(5);
    expect(made - Number(idOf(next))).toBeLessThanOrEqual(5);
    if (idOf(next) === 20) break;
  }
  await sleep(5);
  const before = made;
  await sleep(5);
  expect(made).toBe(before);
  expect(isClosed).toBe(true);
});

test('a source without pieces', async () => {
  async function* none(): AsyncGenerator<Piece> {}
  expect(await Array.fromAsync(readAhead(none(), 1000))).toEqual([]);
});
