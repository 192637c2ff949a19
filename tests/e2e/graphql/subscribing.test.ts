import { type Client, createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';

const connect = (server: TestServer, options: Partial<Parameters<typeof createClient>[0]> = {}) =>
  createClient({
    url: `${server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
    ...options,
  });

// biome-ignore lint/suspicious/noExplicitAny: results have many shapes
const subscribe = (client: Client, query: string, variables = {}) => client.iterate<any>({ query, variables });

describe.each(ENGINES)('GraphQL subscriptions on %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());
  const figure = async (name: string) =>
    Number(new RegExp(`^data_forge_${name} (\\d+)$`, 'm').exec((await server.get('//metrics')).text)?.[1]);

  test('tell the changes of a filter, with values exact, and end when they are told to', async () => {
    const client = connect(server);
    const told = subscribe(
      client,
      `subscription { followEvery(filter: { int: { gte: 5 } }) { event operation version data { big price int extra } } }`,
    );
    const next = told.next();
    await vi.waitFor(async () => expect(await figure('feeds')).toBe(1), { timeout: 10_000 });
    const stored = await server.call('POST', '/records', {
      headers: { 'content-type': 'application/json' },
      body: '{"schema_name":"every","data":{"int":7,"big":9007199254740993,"price":7.25,"extra":{"n":1.50}}}',
    });
    const { id } = stored.json.record;
    expect((await next).value.data.followEvery).toEqual({
      event: 'ENTER',
      operation: 'CREATE',
      version: 1,
      data: { big: '9007199254740993', price: '7.2500', int: 7, extra: { n: 1.5 } },
    });
    await server.call('PATCH', `/records/every/${id}`, { json: { data: { int: 8 } } });
    await server.call('DELETE', `/records/every/${id}`);
    expect((await told.next()).value.data.followEvery).toMatchObject({ event: 'CHANGE', operation: 'UPDATE' });
    expect((await told.next()).value.data.followEvery).toMatchObject({ event: 'LEAVE', data: null });
    await told.return?.();
    await vi.waitFor(async () => expect(await figure('feeds')).toBe(0), { timeout: 10_000 });
    await vi.waitFor(async () => expect(await figure('graphql_operations')).toBe(0), { timeout: 10_000 });
    await client.dispose();
    await vi.waitFor(async () => expect(await figure('graphql_clients')).toBe(0), { timeout: 10_000 });
  });

  test('go on behind a number over cut connections, with no gap and no repeat', async () => {
    const since = (await server.get('/records/notes/changes?since=0&limit=1')).json.next as number;
    const write = async (name: number) => {
      for (let n = 0; n < 60; n++) {
        const { id } = await server.create('notes', { text: `${name}.${n}` });
        if (n % 3 === 0) await server.call('DELETE', `/records/notes/${id}`);
      }
    };
    let writing = true;
    const written = Promise.all([write(1), write(2), write(3)]).finally(() => {
      writing = false;
    });
    const seen: number[] = [];
    let cuts = 0;
    for (let isDone = false; !isDone; cuts++) {
      const wasWriting = writing;
      let socket: WebSocket | undefined;
      const client = connect(server, { on: { opened: (opened) => (socket = opened as WebSocket) } });
      const from = seen.at(-1) ?? since;
      const told = subscribe(client, 'subscription ($since: BigInt) { followNotes(since: $since) { seq } }', {
        since: from,
      });
      const { json } = await server.get(`/records/notes/changes?since=${from}&limit=1000`);
      const most = Math.min(json.changes.length, 1 + (cuts % 40));
      for (let at = 0; at < most; at++) seen.push((await told.next()).value.data.followNotes.seq);
      socket?.terminate();
      // A client whose connection was cut tells so once more when it is given up.
      await Promise.resolve(client.dispose()).catch(() => {});
      isDone = !wasWriting && json.changes.length === most;
    }
    await written;
    const feed = await server.get(`/records/notes/changes?since=${since}&limit=10000`);
    expect(seen).toEqual(feed.json.changes.map(({ seq }: { seq: number }) => seq));
    expect(cuts).toBeGreaterThan(3);
  }, 60_000);

  test('queries and mutations go over the same connection, and errors have their code', async () => {
    const client = connect(server);
    const once = async (query: string) => (await subscribe(client, query).next()).value;
    expect((await once('mutation { createNotes(data: { text: "by socket" }) { text } }')).data.createNotes.text).toBe(
      'by socket',
    );
    expect((await once('{ countNotes }')).data.countNotes).toBeGreaterThan(0);
    const failed = await once('mutation { updateNotes(id: "0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d", data: {}) { id } }');
    expect(failed.errors[0].extensions).toMatchObject({ code: 'unknown_record', kind: 'NOT_FOUND' });
    await expect(once('{ nonsense }')).rejects.toMatchObject([{ extensions: { code: 'invalid_body' } }]);
    const deep = `{ ${'a { '.repeat(30)}b${' }'.repeat(30)} }`;
    await expect(once(deep)).rejects.toEqual(
      expect.arrayContaining([expect.objectContaining({ extensions: expect.objectContaining({ code: 'too_large' }) })]),
    );
    await client.dispose();
  });

  test('come as server-sent events over HTTP too', async () => {
    const abort = new AbortController();
    const response = await server.fetch('POST', '//graphql', {
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { followWells { event data { wellCode } } }' }),
      signal: abort.signal,
    });
    expect(response.headers.get('content-type')).toMatch(/text\/event-stream/);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    await vi.waitFor(async () => expect(await figure('feeds')).toBe(1), { timeout: 10_000 });
    await server.create('wells', { field_code: 9, well_code: 'sse' });
    let text = '';
    while (!text.includes('"sse"')) text += (await reader?.read())?.value ?? '';
    expect(text).toMatch(/event: next\ndata: .*"ENTER"/);
    abort.abort();
    await vi.waitFor(async () => expect(await figure('feeds')).toBe(0), { timeout: 5000 });
  });
});

describe('who may subscribe', () => {
  test('a token comes with the first message; without one the connection is refused', async () => {
    const server = await startServer('memory', { env: { API_TOKENS: 'reader:secret-of-reader:read' } });
    try {
      const query = '{ countNotes }';
      const client = connect(server, { connectionParams: { authorization: 'Bearer secret-of-reader' } });
      expect((await subscribe(client, query).next()).value.data.countNotes).toBe(0);
      await client.dispose();
      for (const connectionParams of [{}, { authorization: 'Bearer wrong' }]) {
        const refused = connect(server, { connectionParams });
        await expect(subscribe(refused, query).next()).rejects.toMatchObject({ code: 4403 });
      }
    } finally {
      await server.close();
    }
  });

  test('a stopping server ends subscriptions and says good-bye', async () => {
    const server = await startServer('memory');
    let code = 0;
    const client = connect(server, { on: { closed: (event) => ({ code } = event as { code: number }) } });
    const told = subscribe(client, 'subscription { followNotes { seq } }');
    const next = told.next();
    await vi.waitFor(async () => expect((await server.get('//metrics')).text).toMatch(/^data_forge_feeds 1$/m), {
      timeout: 10_000,
    });
    await server.app.close(5000);
    expect((await next).done).toBe(true);
    await vi.waitFor(() => expect(code).toBe(1001), { timeout: 10_000 });
    await server.close();
  });
});
