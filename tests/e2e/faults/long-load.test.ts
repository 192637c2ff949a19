import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FaultWorld, lines } from '../../support/fault-world.ts';

interface Change {
  readonly seq: number;
  readonly op: string;
  readonly id: string;
  readonly version: number;
  readonly data: { readonly n: number; readonly text: string } | null;
}

/** Uploads of several blocks commit seconds after they took their numbers; small writes go on meanwhile. */
describe('long loads beside small writes', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.make();
    await world.start();
  });
  afterAll(() => world.dispose());

  test('nobody who read the changes up to N finds a new one below N', { timeout: 120_000 }, async () => {
    let running = true;
    const created: string[] = [];
    const slowest = { took: 0 };
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let at = 0; running; at++) {
        const start = performance.now();
        const { status, json } = await world.create('items', { n: at, text: `small ${writer}` });
        expect(status).toBe(201);
        created.push(json.record.id);
        if (at % 5 === 0) {
          const { id } = json.record;
          expect((await world.call('PATCH', `/records/items/${id}`, { data: { n: -at } })).status).toBe(200);
          if (at % 10 === 0) expect((await world.call('DELETE', `/records/items/${id}`)).status).toBe(204);
        }
        slowest.took = Math.max(slowest.took, performance.now() - start);
      }
    });
    const follower = follow(() => running);
    const watcher = watchSorted(() => running);
    const text = 'x'.repeat(90);
    const rows = 300_000;
    const loads = Array.from({ length: 3 }, (_, load) =>
      world.upload(
        'items',
        lines(
          rows,
          (n) => `{"n":${n},"text":"load ${load} ${text}"}`,
          () => sleep(1),
        ),
      ),
    );
    for (const { status, json } of await Promise.all(loads)) {
      expect([status, json.records_created], JSON.stringify(json).slice(0, 500)).toEqual([201, rows]);
    }
    running = false;
    await Promise.all(writers);
    const followed = await follower;
    await watcher;
    const all = await readAll(0);
    expect(followed.map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq));
    expect(all.length).toBeGreaterThanOrEqual(3 * rows + created.length);
    expect(created.length).toBeGreaterThan(50);
    expect(slowest.took).toBeLessThan(5000);
    const perLoad = new Map<string, number[]>();
    for (const { seq, data } of all) {
      const name = data === null ? null : /^load \d/.exec(data.text)?.[0];
      if (name) perLoad.set(name, [...(perLoad.get(name) ?? []).slice(-1), seq]);
    }
    expect([...perLoad.keys()].sort()).toEqual(['load 0', 'load 1', 'load 2']);
  });

  test('numbers go on behind a long load, also after a restart', async () => {
    const { json: before } = await world.call('GET', '/records/items/changes?latest=true&limit=1');
    const head = await world.metric('store_head');
    await world.restart('SIGKILL');
    expect(await world.metric('store_head')).toBe(head);
    expect(before.success).toBe(true);
    const { json } = await world.create('items', { n: 1, text: 'after' });
    const { json: changes } = await world.call('GET', `/records/items/changes?since=${head}`);
    expect(changes.changes.map((change: Change) => change.id)).toEqual([json.record.id]);
  });

  /** Follows the feed as a client does, page by page; every page must begin above what was seen. */
  async function follow(goesOn: () => boolean): Promise<Change[]> {
    const seen: Change[] = [];
    let since = 0;
    for (let last = false; ; ) {
      const { status, json } = await world.call('GET', `/records/items/changes?since=${since}&limit=10000`);
      expect(status).toBe(200);
      for (const change of json.changes as Change[]) {
        expect(change.seq).toBeGreaterThan(seen.at(-1)?.seq ?? 0);
        seen.push(change);
      }
      expect(json.next).toBeGreaterThanOrEqual(since);
      since = json.next;
      if (json.has_more) continue;
      if (last) return seen;
      last = !goesOn();
      await sleep(5);
    }
  }

  /** Reads the newest rows by `_seq`: what is new must lie above all that was there. */
  async function watchSorted(goesOn: () => boolean): Promise<void> {
    const newest = encodeURIComponent('[{"field":"_seq","order":"desc"}]');
    let most = 0;
    while (goesOn()) {
      const filters = encodeURIComponent(`[{"field":"_seq","operator":"lte","value":${most}}]`);
      const { json: first } = await world.call('GET', `/records/items/count?filters=${filters}`);
      const { json } = await world.call('GET', `/records/items?size=1&sort=${newest}`);
      const { json: again } = await world.call('GET', `/records/items/count?filters=${filters}`);
      expect(again.count).toBeLessThanOrEqual(first.count);
      const [item] = json.data.items;
      if (item) most = Math.max(most, Number.parseInt(String(item.id).slice(24), 16));
      await sleep(20);
    }
  }

  async function readAll(since: number): Promise<Change[]> {
    const response = await fetch(world.url(`/records/items/changes?since=${since}`), {
      headers: { accept: 'application/x-ndjson' },
    });
    return (await response.text()).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  }
});
