import { EventSource } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Reads events as a plain client of HTTP sees them. */
class Follower {
  readonly #abort = new AbortController();
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = '';
  #lastId = '';

  private constructor(response: Response, abort: AbortController) {
    this.#abort = abort;
    if (response.body === null) throw new Error('no body');
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(server: TestServer, path: string, headers: Readonly<Record<string, string>> = {}) {
    const abort = new AbortController();
    const response = await server.fetch('GET', path, { headers, signal: abort.signal });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    return new Follower(response, abort);
  }

  get lastId(): string {
    return this.#lastId;
  }

  /** The next block between blank lines that has a change; null where the server ended. */
  async next(): Promise<Told | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        this.#text += value;
        continue;
      }
      const fields = new Map(
        this.#text
          .slice(0, end)
          .split('\n')
          .map((line) => split(line)),
      );
      this.#text = this.#text.slice(end + 2);
      this.#lastId = fields.get('id') ?? this.#lastId;
      const [event, data] = [fields.get('event'), fields.get('data')];
      if (event !== undefined && data !== undefined) return { id: this.#lastId, event, data };
    }
  }

  async take(count: number): Promise<Told[]> {
    const told: Told[] = [];
    while (told.length < count) {
      const next = await this.next();
      if (next === null) break;
      told.push(next);
    }
    return told;
  }

  leave(): void {
    this.#abort.abort();
  }
}

function split(line: string): [string, string] {
  const colon = line.indexOf(': ');
  return [line.slice(0, colon), line.slice(colon + 2)];
}

describe.each(ENGINES)('server-sent events over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine, { env: { MAX_FEEDS: '40' } });
  });
  afterEach(() => server.clear('wells'));
  afterAll(() => server.close());

  const well = (code: number) => server.create('wells', { field_code: code, well_code: 'w', oil: 1 });
  const feed = async (since: number) => (await server.get(`/records/wells/changes?since=${since}&limit=10000`)).json;

  test('with a filter tell what enters, changes in and leaves it, and nothing else', async () => {
    const filters = encodeURIComponent(JSON.stringify([{ field: 'oil', operator: 'gt', value: 5 }]));
    const follower = await Follower.open(server, `/records/wells/live?filters=${filters}`);
    const made = async (code: number, oil: number) =>
      (await server.create('wells', { field_code: code, well_code: 'w', oil })).id;
    const change = (id: string, oil: number) =>
      server.call('PATCH', `/records/wells/${id}`, { json: { data: { oil } } });
    const low = await made(1, 1);
    const high = await made(2, 9);
    await change(low, 2);
    await change(low, 6);
    await change(high, 7);
    await change(high, 5);
    await change(high, 4);
    await server.call('DELETE', `/records/wells/${low}`);
    const told = await follower.take(5);
    expect(told.map(({ event, data }) => [event, JSON.parse(data).id, JSON.parse(data).op])).toEqual([
      ['enter', high, 'create'],
      ['enter', low, 'update'],
      ['change', high, 'update'],
      ['leave', high, 'update'],
      ['leave', low, 'delete'],
    ]);
    follower.leave();
    const again = await Follower.open(server, `/records/wells/live?filters=${filters}`, {
      'last-event-id': told[1]?.id ?? '',
    });
    expect(await again.take(3)).toEqual(told.slice(2));
    again.leave();
  });

  test('say what is wrong with a filter', async () => {
    const answer = await server.get('/records/wells/live?filters=%5B%7B%22field%22%3A%22nix%22%7D%5D');
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_filter' } });
  });

  test('tell what happens from now on, each by its operation and number', async () => {
    await well(1);
    const follower = await Follower.open(server, '/records/wells/live');
    const { id } = await well(2);
    await server.call('PATCH', `/records/wells/${id}`, { json: { data: { oil: 2 } } });
    await server.call('DELETE', `/records/wells/${id}`);
    const told = await follower.take(3);
    follower.leave();
    expect(told.map(({ event }) => event)).toEqual(['create', 'update', 'delete']);
    const { changes } = await feed(Number(told[0]?.id) - 1);
    expect(told.map(({ data }) => JSON.parse(data))).toEqual(changes);
    expect(told.map((one) => Number(one.id))).toEqual(changes.map(({ seq }: { seq: number }) => seq));
  });

  test('go on where a client was cut off, with no gap and no repeat', async () => {
    const start = (await feed(0)).next;
    const total = 120;
    const writing = (async () => {
      for (let code = 0; code < total; code++) await well(1000 + code);
    })();
    const seen: number[] = [];
    let lastId = String(start);
    while (seen.length < total) {
      const follower = await Follower.open(server, '/records/wells/live', { 'last-event-id': lastId });
      for (const { id } of await follower.take(Math.min(1 + (seen.length % 17), total - seen.length))) {
        seen.push(Number(id));
      }
      lastId = follower.lastId;
      follower.leave();
    }
    await writing;
    expect(seen).toEqual((await feed(start)).changes.map(({ seq }: { seq: number }) => seq));
  });

  test('a browser reads them as they are', async () => {
    const source = new EventSource(server.urlOf('/records/wells/live'));
    const created = new Promise<MessageEvent>((resolve) => {
      source.addEventListener('create', (event) => resolve(event as MessageEvent));
    });
    await new Promise((resolve) => source.addEventListener('open', resolve));
    await well(7);
    const event = await created;
    expect(JSON.parse(event.data)).toMatchObject({ op: 'create', data: { field_code: 7 } });
    expect(event.lastEventId).toMatch(/^\d+$/);
    source.close();
  });

  test('many follow at once, and nothing is left of those who went', async () => {
    const gauge = async () => /data_forge_feeds (\d+)/.exec((await server.get('//metrics')).text)?.[1];
    await expect.poll(gauge).toBe('0');
    const followers = await Promise.all(Array.from({ length: 40 }, () => Follower.open(server, '/records/wells/live')));
    expect((await server.get('/records/wells/live')).json).toMatchObject({ status: 429, code: 'too_many_requests' });
    for (let code = 0; code < 20; code++) await well(code);
    const told = await Promise.all(followers.map((follower) => follower.take(20)));
    expect(new Set(told.map((one) => JSON.stringify(one))).size).toBe(1);
    for (const follower of followers) follower.leave();
    await expect.poll(gauge).toBe('0');
  });

  test('what cannot be followed is told why', async () => {
    const status = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
      const { json } = await server.get(path, headers);
      return [json.status, json.code];
    };
    expect(await status('/records/nope/live')).toEqual([404, 'unknown_dataset']);
    expect(await status('/records/wells/live', { accept: 'text/csv' })).toEqual([406, 'not_acceptable']);
    expect(await status('/records/wells/live?since=99999999')).toEqual([400, 'invalid_parameter']);
    expect(await status('/records/wells/live?since=x')).toEqual([400, 'invalid_parameter']);
    expect(await status('/records/wells/live', { 'last-event-id': 'x' })).toEqual([400, 'invalid_parameter']);
  });

  test('a server that stops ends them in order', async () => {
    const other = await startServer(engine);
    const follower = await Follower.open(other, '/records/wells/live');
    const closing = other.close();
    expect(await follower.next()).toBeNull();
    await closing;
  });
});
