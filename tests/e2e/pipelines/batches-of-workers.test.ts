import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BatchStore } from '#application/ports/batch-store.ts';
import type { SourceRows } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type OpenedBatchStore, put, rowsOf, take } from '../../contracts/batch-store/batch-store.ts';
import {
  DATASETS,
  pipelineFiles,
  ROADS,
  readPipelines,
  storedAt,
  writeAll,
} from '../../contracts/batch-store/fixture.ts';
import { BreakingProxy } from '../../support/breaking-proxy.ts';
import { freePort } from '../../support/free-port.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/until.ts';

type Road = keyof typeof ROADS;

let folder: string;
let server: ServerProcess;
let ports: Readonly<Record<'PORT' | 'FLIGHT_PORT', string>>;
let closing: (() => unknown)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-batches-'));
  await writeAll(join(folder, 'datasets'), DATASETS);
  await writeAll(join(folder, 'pipelines'), pipelineFiles());
  ports = { PORT: String(await freePort()), FLIGHT_PORT: String(await freePort()) };
  closing = [];
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  await server.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  const settings = { ...ports, PIPELINES_DIR: join(folder, 'pipelines'), ...env };
  server = await ServerProcess.start(join(folder, 'data'), join(folder, 'datasets'), settings);
}

async function opened(store: BatchStore): Promise<OpenedBatchStore> {
  const pipeline = await readPipelines(join(folder, 'pipelines'));
  return { store, pipeline, stored: (dataset) => storedAt(server.url, dataset), dispose: async () => {} };
}

/** A road to the server, by itself or through a place where it can be broken. */
async function connect(road: Road, proxy: BreakingProxy | null = null): Promise<OpenedBatchStore> {
  const through = proxy === null ? null : `127.0.0.1:${proxy.port}`;
  const url = road === 'json' && through !== null ? `http://${through}` : server.url;
  const { store, close } = ROADS[road](url, through === null ? null : `grpc://${through}`);
  closing.push(close);
  return opened(store);
}

async function proxied(port: keyof typeof ports): Promise<BreakingProxy> {
  const proxy = await BreakingProxy.start(Number(ports[port]));
  closing.push(() => proxy.close());
  return proxy;
}

const PIECES = 10;
const PIECE = 200;
const BATCHES = 8;

/** The rows of a batch, in pieces that take their time. */
async function* slowly(batch: number): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < PIECES; piece++) {
    const from = (batch * PIECES + piece) * PIECE;
    yield Buffer.from(Array.from({ length: PIECE }, (_, at) => `{"id":${from + at},"name":"row"}\n`).join(''));
    await sleep(10);
  }
}

/**
 * Stores batches as a run does: on from the last commit, and again from there wherever it breaks off.
 * @returns how often it did
 */
async function carryOut(store: OpenedBatchStore): Promise<number> {
  for (let failures = 0; ; failures++) {
    const { run, batch, holder } = await take(store, 'log', crypto.randomUUID());
    try {
      for (let number = run === 'r' ? batch + 1 : 1; number <= BATCHES; number++) {
        const rows: SourceRows = { format: 'ndjson', body: slowly(number) };
        const { state } = await put(store, { holder, number, rows });
        expect(state).toMatchObject({ batch: number, cursor: { at: number } });
      }
      return failures;
    } catch (error) {
      if (!(error instanceof DataForgeError && error.retryable)) throw error;
    }
  }
}

async function expectEachRowOnce(store: OpenedBatchStore): Promise<void> {
  const ids = (await store.stored('log')).map((line) => Number(JSON.parse(line).id));
  const first = PIECES * PIECE;
  expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: BATCHES * first }, (_, at) => first + at));
}

describe.each(['flight', 'json'] as const)('batches of a worker over %s', (road) => {
  test('connections that break again and again: every row once', { timeout: 60_000 }, async () => {
    await start();
    const proxy = await proxied(road === 'flight' ? 'FLIGHT_PORT' : 'PORT');
    const store = await connect(road, proxy);
    let isDone = false;
    const breaking = (async () => {
      for (let times = 0; times < 12 && !isDone; times++) {
        await sleep(Math.random() * 200);
        proxy.breakNow();
      }
    })();
    await carryOut(store);
    isDone = true;
    await breaking;
    await expectEachRowOnce(store);
  });

  test('a server that is killed in the middle of batches: every row once', { timeout: 120_000 }, async () => {
    await start();
    const store = await connect(road);
    const carrying = carryOut(store);
    for (let kills = 0; kills < 3; kills++) {
      await sleep(100 + Math.random() * 300);
      await server.kill('SIGKILL');
      await start();
    }
    await carrying;
    await expectEachRowOnce(store);
  });

  test.skipIf(process.platform !== 'linux')(
    'a batch of hundreds of megabytes is in the memory of neither side',
    { timeout: 120_000 },
    async () => {
      await start({ ENGINE_MEMORY: '200MB' });
      const store = await connect(road);
      await take(store);
      await put(store, { rows: rowsOf(1) });
      const peak = async () =>
        Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024;
      const before = { server: await peak(), worker: process.memoryUsage().rss / 2 ** 20 };
      const chunk = Buffer.from(`${JSON.stringify({ id: 1, name: 'x'.repeat(1000) })}\n`.repeat(1000));
      let most = 0;
      const body = async function* () {
        for (let at = 0; at < 400; at++) {
          yield chunk;
          most = Math.max(most, process.memoryUsage().rss / 2 ** 20);
        }
      };
      const { state } = await put(store, { number: 2, rows: { format: 'ndjson', body: body() } });
      expect(state.counts).toMatchObject({ created: 400_001 });
      expect((await peak()) - before.server).toBeLessThan(400);
      expect(most - before.worker).toBeLessThan(150);
    },
  );
});

describe('batches of a worker over Flight alone', () => {
  test('a batch whose answer is lost is known to be stored', async () => {
    await start();
    const proxy = await proxied('FLIGHT_PORT');
    const store = await connect('flight', proxy);
    await take(store);
    // What the server sends once it knows of the cursor is the answer, for all else it has said meanwhile.
    const body = async function* () {
      yield Buffer.from('{"id":1}\n{"id":2}\n');
      await sleep(300);
    };
    const cursor = () => {
      proxy.breakAfter(1);
      return { at: 1 };
    };
    expect(await put(store, { rows: { format: 'ndjson', body: body() }, cursor })).toMatchObject({
      repeated: true,
      state: { batch: 1, counts: { created: 2 } },
    });
    expect(await store.stored('log')).toHaveLength(2);
  });

  test('a batch that breaks off in its middle is not stored, and what breaks it may pass', async () => {
    await start();
    const proxy = await proxied('FLIGHT_PORT');
    const store = await connect('flight', proxy);
    await take(store);
    let isLetGo = false;
    const body = async function* () {
      try {
        yield Buffer.from('{"id":1}\n'.repeat(100_000));
        await sleep(100);
        proxy.breakNow();
        await sleep(100);
        yield Buffer.from('{"id":2}\n');
        await sleep(1000);
        yield Buffer.from('{"id":3}\n');
      } finally {
        isLetGo = true;
      }
    };
    const asked = put(store, { rows: { format: 'ndjson', body: body() } });
    await expect(asked).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await until(() => isLetGo);
    expect(await store.store.state('log')).toMatchObject({ run: null, batch: 0 });
    await put(store, { rows: rowsOf(7) });
    expect((await store.stored('log')).map((line) => JSON.parse(line).id)).toEqual([7]);
  });

  test('a server that takes nothing is sent little, and the source waits', { timeout: 60_000 }, async () => {
    await start();
    const store = await connect('flight');
    await take(store);
    const chunk = Buffer.from(`${JSON.stringify({ id: 1, name: 'x'.repeat(1000) })}\n`.repeat(250));
    const ending = new AbortController();
    let given = 0;
    const body = async function* () {
      for (;;) {
        yield chunk;
        given += chunk.length;
        if (given === 2 * chunk.length) process.kill(server.pid as number, 'SIGSTOP');
      }
    };
    const asked = put(store, { rows: { format: 'ndjson', body: body() }, signal: ending.signal });
    const outcome = expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    let last = -1;
    await until(async () => {
      const before = last;
      last = given;
      await sleep(300);
      return before === given && given > 2 * chunk.length;
    }, 30_000);
    expect(given).toBeLessThan(16 * 2 ** 20);
    process.kill(server.pid as number, 'SIGCONT');
    const held = given;
    await until(() => given > held + 32 * 2 ** 20, 30_000);
    ending.abort(new DataForgeError('cancelled', 'Enough.'));
    await outcome;
    expect(await store.stored('log')).toEqual([]);
  });

  test('a server without Flight, or one whose Flight is out of reach, is told of with the way out', async () => {
    await start({ PROTOCOLS: 'rest' });
    const without = await connect('flight');
    await expect(take(without)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/serves no Arrow Flight: .*DATA_TRANSFER=json/),
    });
    const { store, close } = ROADS.flight(server.url, `grpc://127.0.0.1:${await freePort()}`);
    closing.push(close);
    await expect(take(await opened(store))).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      message: expect.stringMatching(/does not answer at grpc:.*DATA_TRANSFER=json/),
    });
    expect(await store.state('log')).toBe(null);
    await take(await connect('json'));
  });
});
