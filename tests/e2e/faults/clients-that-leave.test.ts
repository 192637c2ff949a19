import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FaultWorld, lines } from '../../support/fault-world.ts';

const ROWS = 400_000;

describe.each(['duckdb', 'sqlite'])('clients of %s that leave, and clients that are slow', (engine) => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.make({ DB_ENGINE: engine, ENGINE_MEMORY: '512MB' });
    await world.start();
    const text = 'some text of a row that is long enough to weigh something';
    const { status } = await world.upload(
      'items',
      lines(ROWS, (n) => JSON.stringify({ n, text })),
    );
    expect(status).toBe(201);
  }, 60_000);
  afterAll(() => world.dispose());

  const idle = async () => {
    const names = ['streams', 'loads_running', 'loads_waiting', 'gate_running', 'gate_waiting', 'writes_waiting'];
    return Promise.all(names.map((name) => world.metric(name)));
  };
  const isIdle = () => expect.poll(idle, { timeout: 15_000 }).toEqual([0, 0, 0, 0, 0, 0]);

  /** A request as bytes on a socket that reads nothing by itself. */
  async function open(head: string): Promise<Socket> {
    const { hostname, port } = new URL(world.server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.pause();
    socket.write(head.replaceAll('\n', '\r\n'));
    return socket;
  }

  test.each(['application/x-ndjson', 'text/csv', 'application/json', 'application/vnd.apache.parquet'])(
    'an upload of %s that is cut off leaves nothing behind',
    async (type) => {
      const before = await world.count('items');
      for (const bytes of [0, 10, 200_000, 3_000_000]) {
        const host = new URL(world.server.url).host;
        const socket = await open(
          `POST /api/v1/records/items/bulk HTTP/1.1\nhost: ${host}\ncontent-type: ${type}\ncontent-length: 90000000\n\n`,
        );
        const line =
          type === 'text/csv' ? '1,x\n' : type === 'application/json' ? '{"n":1,"text":"x"},\n' : '{"n":1}\n';
        const start = type === 'text/csv' ? 'n,text\n' : type === 'application/json' ? '[' : '';
        socket.write(start + line.repeat(bytes / line.length));
        await sleep(100);
        socket.destroy();
      }
      await isIdle();
      await expect.poll(() => world.spooled()).toEqual([]);
      expect(await world.count('items')).toBe(before);
    },
  );

  // Only DuckDB takes a body apart while it comes.
  test.runIf(engine === 'duckdb')(
    'an upload cut off while its second block comes leaves nothing behind',
    { timeout: 60_000 },
    async () => {
      const before = await world.count('items');
      const controller = new AbortController();
      const body = lines(
        900_000,
        (n) => `{"n":${n},"text":"${'y'.repeat(60)}"}`,
        async () => {
          if ((await world.spooled()).length > 1) controller.abort();
        },
      );
      await expect(world.upload('items', body, '', { signal: controller.signal })).rejects.toThrow();
      await isIdle();
      await expect.poll(() => world.spooled()).toEqual([]);
      expect(await world.count('items')).toBe(before);
      expect(await world.isWell()).toBe(true);
    },
  );

  test.each([
    'application/x-ndjson',
    'text/csv',
    'application/vnd.apache.arrow.stream',
    'application/vnd.apache.parquet',
  ])('a download of %s that is cut off leaves no query and no snapshot behind', async (accept) => {
    for (const query of [
      '',
      '?sort=[{"field":"n","order":"desc"}]',
      '?filters=[{"field":"n","operator":"gt","value":5}]',
    ]) {
      const controller = new AbortController();
      const response = await fetch(world.url(`/records/items/stream${query}`), {
        headers: { accept },
        signal: controller.signal,
      });
      expect(response.status).toBe(200);
      await response.body?.getReader().read();
      controller.abort();
    }
    await isIdle();
    await expect.poll(() => world.spooled()).toEqual([]);
  });

  test('callers that leave before the answer stop their queries', async () => {
    const like = encodeURIComponent('[{"field":"text","operator":"ilike","value":"%q%w%e%r%t%y%"}]');
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const controller = new AbortController();
        const path = at % 2 === 0 ? `/records/items/count?filters=${like}` : `/records/items?size=1000&filters=${like}`;
        const answer = fetch(world.url(path), { signal: controller.signal }).catch(() => null);
        await sleep(5 + at);
        controller.abort();
        await answer;
      }),
    );
    await isIdle();
  });

  test.skipIf(process.platform !== 'linux')(
    'readers that do not read hold neither memory nor the others',
    { timeout: 60_000 },
    async () => {
      await isIdle();
      const memory = async () => {
        const status = await readFile(`/proc/${world.server.pid}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
      };
      const before = await memory();
      const host = new URL(world.server.url).host;
      const head = `GET /api/v1/records/items/stream HTTP/1.1\nhost: ${host}\n\n`;
      const sockets = await Promise.all(Array.from({ length: 12 }, () => open(head)));
      await expect.poll(() => world.metric('streams'), { timeout: 10_000 }).toBe(12);
      const held = await steady(memory);
      // What the engine makes ahead, two blocks of a stream, and what the sockets take.
      expect(held - before).toBeLessThan(12 * 75);
      const times: number[] = [];
      for (let n = 0; n < 20; n++) {
        const start = performance.now();
        expect((await world.create('items', { n, text: 'beside' })).status).toBe(201);
        times.push(performance.now() - start);
      }
      expect(Math.max(...times)).toBeLessThan(1000);
      for (const socket of sockets) socket.destroy();
      await isIdle();
    },
  );
});

/** Waits until a figure has ceased to grow; one that grows without end runs into the time limit of the test. */
async function steady(read: () => Promise<number>): Promise<number> {
  for (let last = await read(); ; ) {
    await sleep(1500);
    const now = await read();
    if (now < last + 5) return now;
    last = now;
  }
}
