import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type BenchContext, type BenchGroup, flightsSql } from '../context.ts';
import { openEngine } from '../harness/engine.ts';
import { download, upload } from '../harness/load.ts';
import { type BenchServer, startScript, startServer } from '../harness/server.ts';
import { cost, figure, type Measurement, percentile, rate } from '../harness/table.ts';

const ROW = { date: '2001-01-01T00:01:00Z', delay: 33, distance: 2176, origin: 'LAS', destination: 'PHL' };

/** Changes told over WebSocket. */
export const webSockets: BenchGroup = {
  name: 'websocket',
  async run(context) {
    const server = await startServer(context.path('websocket'), context.datasets, { MAX_FEEDS: '10000' });
    const bare = await startScript('broadcast-worker.ts');
    try {
      return [...(await manySubscribers(context, server, bare)), await longFeed(context, server)];
    } finally {
      await server.stop();
      await bare.stop();
    }
  },
};

/** One change to a thousand subscribers, beside a bare server that sends as long a frame to as many. */
async function manySubscribers(context: BenchContext, server: BenchServer, bare: BenchServer): Promise<Measurement[]> {
  const clients = context.quick ? 50 : 1000;
  const rounds = context.quick ? 3 : 40;
  const create = { path: '/api/v1/records', body: JSON.stringify({ schema_name: 'flights', data: ROW }) };
  const subscribe = (filters: object) =>
    JSON.stringify({ type: 'subscribe', id: 's', schema_name: 'flights', ...filters });
  const plain = await Crowd.open(server, clients, subscribe({}));
  const frame = await plain.round(create).then(() => plain.lastFrame);
  const limit = await Crowd.open(bare, clients, null);
  const ours: number[] = [];
  const bares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bares.push(...(await limit.round({ path: '/', body: frame })));
    ours.push(...(await plain.round(create)));
  }
  await plain.close();
  await limit.close();
  const filtered = await Crowd.open(
    server,
    clients,
    subscribe({ filters: [{ field: 'distance', operator: 'gt', value: 1000 }] }),
  );
  const byFilter: number[] = [];
  for (let round = 0; round < rounds / 2; round++) byFilter.push(...(await filtered.round(create)));
  await filtered.close();
  const p99 = (times: readonly number[]) => percentile(times, 0.99);
  return [
    cost(`one change to ${clients} subscribers, p99`, p99(ours), 'ms', p99(bares), 'a bare ws server', 0.5),
    figure(`  the same, each with a filter, p99`, p99(byFilter), 'ms'),
  ];
}

/** Clients that all wait for the same. */
class Crowd {
  readonly #url: string;
  readonly #sockets: readonly WebSocket[];
  #told: (time: number) => void = () => {};
  lastFrame = '';

  private constructor(url: string, sockets: readonly WebSocket[]) {
    this.#url = url;
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on('message', (data) => {
        const now = performance.now();
        this.lastFrame = String(data);
        this.#told(now);
      });
    }
  }

  /** @param first what each says when it has connected, and is answered once */
  static async open({ url }: BenchServer, clients: number, first: string | null): Promise<Crowd> {
    const sockets: WebSocket[] = [];
    for (let at = 0; at < clients; at++) {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
      const greeted = first === null ? once(socket, 'open') : once(socket, 'message');
      await greeted;
      if (first !== null) {
        const subscribed = once(socket, 'message');
        socket.send(first);
        await subscribed;
      }
      sockets.push(socket);
    }
    return new Crowd(url, sockets);
  }

  /** Has one thing happen; resolves with the milliseconds until each client was told. */
  async round({ path, body }: { readonly path: string; readonly body: string }): Promise<number[]> {
    await sleep(20);
    const times: number[] = [];
    const started = performance.now();
    const all = new Promise<void>((resolve) => {
      this.#told = (time) => {
        if (times.push(time - started) === this.#sockets.length) resolve();
      };
    });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.#url + path, { method: 'POST', headers, body });
    await response.text();
    await all;
    return times;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.close();
      await once(socket, 'close');
    }
  }
}

/** All changes of a dataset to one subscriber, beside the feed of the REST API. */
async function longFeed(context: BenchContext, server: BenchServer): Promise<Measurement> {
  const parquet = context.path('feed.parquet');
  const changes = Math.min(context.uploadRows, 100_000);
  const engine = await openEngine(context.path('feed.duckdb'));
  await engine.run(`COPY (${flightsSql(changes)}) TO '${parquet}' (FORMAT parquet)`);
  engine.close();
  await upload(`${server.url}/api/v1/records/flights/bulk`, parquet, 'application/vnd.apache.parquet');
  const feed = `${server.url}/api/v1/records/flights/changes?since=0`;
  const head = (await (await fetch(`${server.url}/health/ready`)).json()) as { head: number };
  const ours: number[] = [];
  const rest: number[] = [];
  for (let round = 0; round < context.rounds; round++) {
    rest.push((await download(feed, 'application/x-ndjson')).milliseconds);
    ours.push(await follow(server, head.head));
  }
  const perSecond = (times: readonly number[]) => (changes / percentile(times, 0.5)) * 1000;
  return rate(
    `${changes} changes to one subscriber`,
    perSecond(ours),
    'changes/s',
    perSecond(rest),
    'the feed over REST',
    0.5,
  );
}

async function follow({ url }: BenchServer, head: number): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
  await once(socket, 'message');
  const started = performance.now();
  socket.send(JSON.stringify({ type: 'subscribe', id: 's', schema_name: 'flights', since: 0 }));
  await new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const next = /"next":(\d+)/.exec(String((data as Buffer).subarray(0, 200)))?.[1];
      if (next !== undefined && Number(next) >= head) resolve();
    });
  });
  const took = performance.now() - started;
  socket.close();
  await once(socket, 'close');
  return took;
}
