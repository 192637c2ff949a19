import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';
import { Client } from './client.ts';

const WRITERS = 4;
const WRITES = 100;

describe.each(ENGINES)('WebSocket on %s, cut again and again', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());

  /** Writers that create, change and delete at once. */
  async function write(): Promise<void> {
    const writer = async (name: number) => {
      for (let n = 0; n < WRITES; n++) {
        const { id } = await server.create('notes', { text: `${name}.${n}`, rank: n % 10 });
        if (n % 2 === 0) await server.call('PATCH', `/records/notes/${id}`, { json: { data: { rank: (n + 5) % 10 } } });
        if (n % 5 === 0) await server.call('DELETE', `/records/notes/${id}`);
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, name) => writer(name)));
  }

  test('a subscription misses nothing and repeats nothing', async () => {
    const since = (await server.get('/records/notes/changes?since=0&limit=1')).json.next as number;
    const told: number[] = [];
    let next = since;
    let cuts = 0;
    let writing = true;
    const written = write().finally(() => {
      writing = false;
    });
    for (;;) {
      const client = await Client.open(server.url);
      client.say({ type: 'subscribe', id: 's', schema_name: 'notes', since: next });
      await client.next('subscribed', 's');
      const wasWriting = writing;
      const pages = 1 + (cuts % 3);
      for (let page = 0; page < pages; page++) {
        const { json } = await server.get(`/records/notes/changes?since=${next}&limit=1`);
        if (json.changes.length === 0 && !writing) break;
        const message = await client.next('changes', 's');
        told.push(...message.changes.map(({ seq }: { seq: number }) => seq));
        next = message.next;
      }
      client.socket.terminate();
      cuts++;
      if (!wasWriting) {
        const { json } = await server.get(`/records/notes/changes?since=${next}&limit=1`);
        if (json.changes.length === 0) break;
      }
    }
    await written;
    const feed = await server.get(`/records/notes/changes?since=${since}&limit=10000`);
    expect(told).toEqual(feed.json.changes.map(({ seq }: { seq: number }) => seq));
    expect(cuts).toBeGreaterThan(3);
  }, 60_000);

  test('a live query that begins while rows are written comes to what the filter gives', async () => {
    const filters = [{ field: 'rank', operator: 'gte', value: 5 }];
    const written = write();
    const clients = await Promise.all(Array.from({ length: 8 }, () => Client.open(server.url)));
    const views = clients.map(() => new Map<string, number>());
    for (const [at, client] of clients.entries()) {
      await new Promise((resolve) => setTimeout(resolve, 20 * at));
      client.say({ type: 'live', id: 'l', schema_name: 'notes', filters });
    }
    const following = clients.map(async (client, at) => {
      const view = views[at] ?? new Map();
      for (let more = true; more; ) {
        const message = await client.next('rows', 'l');
        for (const { id, version } of message.rows) view.set(id, version);
        more = message.more;
      }
      for (;;) {
        const { changes, next } = await client.next('changes', 'l');
        for (const { event, id, version } of changes) {
          if (event === 'enter') expect(view.has(id), `${id} enters twice`).toBe(false);
          else expect(view.has(id), `${id} was never told`).toBe(true);
          if (event === 'leave') view.delete(id);
          else view.set(id, version);
        }
        if (next >= end) return;
      }
    });
    let end = Number.POSITIVE_INFINITY;
    await written;
    await server.create('notes', { text: 'last', rank: 9 });
    end = (await server.get('/records/notes/changes?since=0&limit=10000')).json.next;
    await server.create('notes', { text: 'behind the end', rank: 9 });
    await Promise.all(following);
    const page = await server.get(`/records/notes?size=10000&filters=${encodeURIComponent(JSON.stringify(filters))}`);
    const expected = new Map<string, number>(
      page.json.data.items.map(({ id, version }: { id: string; version: number }) => [id, version]),
    );
    for (const view of views) {
      for (const [id, version] of view) expect(expected.get(id)).toBe(version);
      expect(expected.size - view.size).toBeLessThanOrEqual(1);
    }
    await Promise.all(clients.map((client) => client.close()));
  }, 60_000);
});
