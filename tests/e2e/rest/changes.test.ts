import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

interface Change {
  readonly seq: number;
  readonly op: string;
  readonly id: string;
  readonly version: number;
  readonly data: Readonly<Record<string, unknown>> | null;
}

describe.each(ENGINES)('the changes feed over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());

  let start: number;
  beforeEach(async () => {
    await server.clear('notes');
    start = (await server.get('/records/notes/changes?limit=10000')).json.next;
  });

  const changes = (query = '', accept = 'application/json') =>
    server.get(`/records/notes/changes?since=${start}${query}`, { accept });

  async function liveALittle(): Promise<string[]> {
    const a = await server.create('notes', { text: 'a' });
    const b = await server.create('notes', { text: 'b' });
    await server.call('PATCH', `/records/notes/${a.id}`, { json: { data: { text: 'a2' } } });
    await server.create('wells', { field_code: Date.now() % 1e9, well_code: a.id.slice(-12) });
    await server.call('DELETE', `/records/notes/${b.id}`);
    await server.call('PATCH', `/records/notes/${a.id}`, { json: { data: { text: 'a3' } } });
    return [a.id, b.id];
  }

  test('every version of every record, in order, once', async () => {
    const [a, b] = await liveALittle();
    const { status, json } = await changes();
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['success', 'schema_name', 'changes', 'next', 'has_more']);
    expect(json).toMatchObject({ success: true, schema_name: 'notes', has_more: false });
    expect(json.changes.map(({ op, id, version, data }: Change) => [op, id, version, data?.text ?? null])).toEqual([
      ['create', a, 1, 'a'],
      ['create', b, 1, 'b'],
      ['update', a, 2, 'a2'],
      ['delete', b, expect.any(Number), null],
      ['update', a, 3, 'a3'],
    ]);
    expect(Object.keys(json.changes[0])).toEqual(['seq', 'op', 'id', 'version', 'changed_at', 'data']);
    const seqs = json.changes.map(({ seq }: Change) => seq);
    expect(seqs).toEqual([...seqs].sort((x, y) => x - y));
    expect(new Set(seqs).size).toBe(seqs.length);
    expect((await server.get(`/records/notes/changes?since=${json.next}`)).json.changes).toEqual([]);
  });

  test('page by page it is the same', async () => {
    await liveALittle();
    const whole = (await changes()).json.changes;
    const seen: Change[] = [];
    let since = start;
    for (let more = true; more; ) {
      const { json } = await server.get(`/records/notes/changes?since=${since}&limit=2`);
      seen.push(...json.changes);
      since = json.next;
      more = json.has_more;
    }
    expect(seen).toEqual(whole);
  });

  test('latest=true gives only the newest of each record', async () => {
    const [a, b] = await liveALittle();
    const { json } = await changes('&latest=true');
    expect(json.changes.map(({ op, id }: Change) => [op, id])).toEqual([
      ['delete', b],
      ['update', a],
    ]);
  });

  test('NDJSON streams it, a change a line', async () => {
    await liveALittle();
    const { status, headers, text } = await changes('', 'application/x-ndjson');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual((await changes()).json.changes);
    expect((await changes('&limit=2', 'application/x-ndjson')).text.trimEnd().split('\n')).toHaveLength(2);
  });

  test('wait holds an empty answer until something comes', async () => {
    const started = performance.now();
    const waiting = changes('&wait=20');
    await new Promise((resolve) => setTimeout(resolve, 150));
    await server.create('wells', { field_code: 1, well_code: 'not of this dataset' });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await server.create('notes', { text: 'now' });
    const { json } = await waiting;
    expect(json.changes.map(({ data }: Change) => data?.text)).toEqual(['now']);
    expect(performance.now() - started).toBeGreaterThan(290);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('wait comes to an end', async () => {
    const started = performance.now();
    const { status, json } = await changes('&wait=1');
    expect([status, json.changes, json.has_more]).toEqual([200, [], false]);
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  test('a live stream tells what happens while it is open', async () => {
    const live = server.fetch('GET', `/records/notes/changes?since=${start}&wait=2`, {
      headers: { accept: 'application/x-ndjson' },
    });
    for (const text of ['one', 'two', 'three']) {
      await server.create('notes', { text });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const text = await (await live).text();
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).data.text),
    ).toEqual(['one', 'two', 'three']);
  }, 15_000);

  test.each([
    'since=-1',
    'since=x',
    'limit=0',
    'limit=x',
    'wait=-1',
    'wait=1e9',
    'latest=1',
    'since=999999999999999',
    'nope=1',
  ])('%s is a 400', async (query) => {
    const { status, json } = await server.get(`/records/notes/changes?${query}`);
    expect([status, json.code]).toEqual([400, 'invalid_parameter']);
  });

  test('another Accept is a 406, an unknown dataset a 404', async () => {
    expect((await changes('', 'text/csv')).status).toBe(406);
    expect((await server.get('/records/nope/changes')).status).toBe(404);
  });
});
