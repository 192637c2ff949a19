import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLOCK_STANDS, MovedClock } from '../../support/moved-clock.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { MAY_MOUNT, SmallDisk } from '../../support/small-disk.ts';
import { until } from '../../support/until.ts';
import { PIPELINE_DATASETS } from './support/pipeline-server.ts';
import { RowSource, rowsFrom, sendJson } from './support/row-source.ts';

const HOUR = 3600;

let folder: string;
let source: RowSource;
let running: ServerProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-surroundings-'));
  await mkdir(join(folder, 'datasets'));
  await mkdir(join(folder, 'pipelines'));
  for (const [name, text] of Object.entries(PIPELINE_DATASETS)) await writeFile(join(folder, 'datasets', name), text);
});

afterEach(async () => {
  await running?.kill('SIGKILL');
  running = undefined;
  await source.close();
  await rm(folder, { recursive: true, force: true });
});

async function pipeline(file: object): Promise<void> {
  await writeFile(join(folder, 'pipelines', 'rows.json'), JSON.stringify({ name: 'rows', ...file }));
}

async function start(dataDir: string, env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  running = await ServerProcess.start(dataDir, join(folder, 'datasets'), {
    PIPELINES_DIR: join(folder, 'pipelines'),
    ...env,
  });
  return running;
}

// biome-ignore lint/suspicious/noExplicitAny: runs of every shape
async function call({ url }: ServerProcess, method: string, path: string): Promise<any> {
  return (await fetch(`${url}/api/v1${path}`, { method })).json();
}

interface Run {
  readonly id: string;
  readonly state: string;
  readonly created: number;
  readonly started_at: string;
}

async function runs(server: ServerProcess): Promise<readonly Run[]> {
  return (await call(server, 'GET', '/pipelines/rows/runs?limit=100')).runs;
}

async function storedIds({ url }: ServerProcess): Promise<number[]> {
  const text = await (await fetch(`${url}/api/v1/records/log/stream?shape=flat`)).text();
  return text
    .trim()
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [Number(JSON.parse(line).id)]));
}

/** Always the same text for a number, which no engine makes smaller. */
function incompressible(seed: number): string {
  const hash = (part: number) => createHash('sha512').update(`${seed} ${part}`).digest('base64');
  return Array.from({ length: 9 }, (_, part) => hash(part)).join('');
}

describe.skipIf(!MAY_MOUNT).each(['duckdb', 'sqlite'])(
  `a disk that is full while a pipeline on %s fetches${MAY_MOUNT ? '' : ' (left out: this user may not mount a small disk)'}`,
  (engine) => {
    const ROWS = 40_000;
    const PAGE = 1000;
    let disk: SmallDisk;
    beforeEach(async () => {
      disk = await SmallDisk.mount(join(folder, 'disk'), 24);
      source = await RowSource.start(({ url }, response) => {
        const from = Number(url.searchParams.get('offset'));
        sendJson(
          response,
          rowsFrom(from, Math.min(from + PAGE, ROWS)).map(({ id }) => ({ id, name: incompressible(id) })),
        );
      });
      await pipeline({
        source: {
          kind: 'rest',
          url: `${source.url}/rows`,
          paging: { kind: 'offset', limit: PAGE },
          incremental: { field: 'id' },
        },
        target: { dataset: 'log' },
        retry: { attempts: 2, wait: '100ms' },
      });
    });
    afterEach(async () => {
      await running?.kill('SIGKILL');
      disk.unmount();
    });

    const SETTINGS = { DB_ENGINE: engine, ENGINE_MEMORY: '256MB', PIPELINE_BATCH: '1MB' };

    /** Starts a server, and a run of the pipeline that finds the disk full. */
    async function fill(): Promise<ServerProcess> {
      const server = await start(join(disk.folder, 'data'), SETTINGS);
      const full = await call(server, 'POST', '/pipelines/rows/runs?wait_ms=60000');
      // Where not even the end of the run can be kept, the log has it.
      await until(() => /free some space/.test(JSON.stringify(full) + server.output));
      expect(full.state).not.toBe('succeeded');
      return server;
    }

    /** Runs the pipeline again: each row is there once, and the runs together have made them. */
    async function bringTheRest(server: ServerProcess): Promise<void> {
      // A run whose end could not be written down anywhere is gone on with.
      const isUnderWay = ({ state }: Run) => state === 'running' || state === 'waiting';
      await until(async () => !(await runs(server)).some(isUnderWay), 60_000);
      const rest = await call(server, 'POST', '/pipelines/rows/runs?wait_ms=60000');
      expect([rest.state, rest.error]).toEqual(['succeeded', null]);
      const ids = await storedIds(server);
      expect(ids.length).toBe(ROWS);
      expect(new Set(ids).size).toBe(ROWS);
      const all = await runs(server);
      expect(all.reduce((sum, { created }) => sum + created, 0)).toBe(ROWS);
    }

    test('ends its run with the reason, and the next one on a larger disk brings the rest, each row once', async () => {
      let server = await fill();
      await server.kill('SIGKILL');
      disk.grow(256);
      server = await start(join(disk.folder, 'data'), { ...SETTINGS, PIPELINE_RUNS: '0' });
      const stored = await storedIds(server);
      expect(stored.length).toBeGreaterThan(0);
      expect(stored.length).toBeLessThan(ROWS);
      expect(stored.toSorted((a, b) => a - b)).toEqual(stored.map((_, index) => index));
      await server.kill('SIGTERM');
      await bringTheRest(await start(join(disk.folder, 'data'), SETTINGS));
    }, 120_000);

    test('goes on without a restart when there is room', async () => {
      const server = await fill();
      disk.grow(256);
      await until(async () => (await fetch(`${server.url}/health/ready`)).ok);
      await bringTheRest(server);
    }, 120_000);
  },
);

describe.skipIf(CLOCK_STANDS !== null)(
  `a clock that is moved under a server${CLOCK_STANDS === null ? '' : ` (left out: ${CLOCK_STANDS})`}`,
  () => {
    test('begins no run twice, holds up none for long, and brings each row once', async () => {
      let rows = 0;
      source = await RowSource.start((_request, response) => sendJson(response, rowsFrom(0, ++rows)));
      await pipeline({
        source: { kind: 'rest', url: `${source.url}/rows`, incremental: { field: 'id' } },
        target: { dataset: 'log' },
        schedule: { every: '2s' },
      });
      const clock = new MovedClock(join(folder, 'clock'));
      await clock.set(0);
      const server = await start(join(folder, 'data'), { ...clock.env, DB_ENGINE: 'sqlite' });
      const ended = async () => (await runs(server)).filter(({ state }) => state !== 'running' && state !== 'waiting');
      for (const seconds of [0, 2 * HOUR, -2 * HOUR, 24 * HOUR, 0]) {
        await clock.set(seconds);
        const before = (await ended()).length;
        // Longer than the longest sleep of a scheduler would be.
        await until(async () => (await ended()).length >= before + 2, 40_000);
      }
      await sleep(1000);
      const asked = source.requests.length;
      const all = await runs(server);
      expect(all.map(({ state }) => state)).toEqual(all.map(() => 'succeeded'));
      expect(asked).toBe(all.length);
      const ids = await storedIds(server);
      expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, index) => index));
      expect(all.reduce((sum, { created }) => sum + created, 0)).toBe(ids.length);
      expect(await server.kill('SIGTERM')).toBe(0);
    }, 240_000);
  },
);
