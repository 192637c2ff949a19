import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultWorld, lines } from '../../support/fault-world.ts';

const TIMEOUT = 3000;

describe('a server that is told to stop', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.make({ SHUTDOWN_TIMEOUT_MS: String(TIMEOUT) });
    await world.start();
    const text = 'long enough to fill the buffers of a connection that nobody reads from';
    await world.upload(
      'items',
      lines(200_000, (n) => JSON.stringify({ n, text })),
    );
  });
  afterEach(() => world.dispose());

  const stop = async () => {
    const start = performance.now();
    const code = await world.server.kill('SIGTERM');
    return { code, took: performance.now() - start };
  };

  test('lets a stream and an upload come to their end', async () => {
    const stream = fetch(world.url('/records/items/stream')).then((response) => response.text());
    const upload = world.upload(
      'items',
      lines(
        10_000,
        (n) => `{"n":${n}}`,
        () => sleep(100),
      ),
    );
    await sleep(150);
    const { code, took } = await stop();
    expect(code, world.server.output).toBe(0);
    expect(took).toBeLessThan(TIMEOUT + 2000);
    const text = await stream;
    expect(text.split('\n').length - 1).toBeGreaterThanOrEqual(200_000);
    const { status, json } = await upload;
    expect([status, json.records_created]).toEqual([201, 10_000]);
    await world.start();
    expect(await world.count('items')).toBe(210_000);
  });

  test('does not wait longer than it said for those that never end', async () => {
    const response = await fetch(world.url('/records/items/stream'));
    const cut = response.text().then(
      () => 'whole',
      () => 'broken',
    );
    const never = world
      .upload(
        'items',
        lines(
          1e9,
          (n) => `{"n":${n}}`,
          () => sleep(50),
        ),
      )
      .then(
        ({ status }) => status,
        () => 'broken',
      );
    const silent = await fetch(world.url('/records/items/stream'));
    await sleep(300);
    const { code, took } = await stop();
    expect(code, world.server.output).toBe(0);
    expect(took).toBeLessThan(TIMEOUT + 2000);
    expect(await never).toBe('broken');
    expect(['whole', 'broken']).toContain(await cut);
    await silent.body?.cancel().catch(() => {});
    await world.start();
    expect(await world.count('items')).toBe(200_000);
    expect(await world.spooled()).toEqual([]);
  });

  test('stores what it answered while stopping', async () => {
    const answered = new Set<number>();
    let stopping = false;
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      for (let at = 0; !stopping || at === 0; at++) {
        const n = 1_000_000 + writer * 100_000 + at;
        const status = await world.create('items', { n, text: 'late' }).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 201) answered.add(n);
        else return;
      }
    });
    await sleep(300);
    const { code } = await stop();
    stopping = true;
    await Promise.all(writers);
    expect(code, world.server.output).toBe(0);
    expect(answered.size).toBeGreaterThan(20);
    await world.start();
    expect(await world.count('items')).toBeGreaterThanOrEqual(200_000 + answered.size);
    const late = encodeURIComponent('[{"field":"n","operator":"gte","value":1000000}]');
    const { json } = await world.call('GET', `/records/items?size=100000&filters=${late}`);
    const stored = new Set(json.data.items.map(({ data }: { data: { n: number } }) => data.n));
    expect([...answered].filter((n) => !stored.has(n))).toEqual([]);
  });
});
