import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe } from 'vitest';
import { freePort } from './free-port.ts';

/** A Redis of our own, whose data is on disk. */
export interface RedisServer {
  readonly url: string;
  /** Ends it as a fall of the machine does, and starts it again on the same port. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** Why there can be no Redis for tests; null where there can. */
export const REDIS_MISSING: string | null =
  spawnSync('redis-server', ['--version']).status === 0 ? null : 'left out: redis-server is not installed';

export async function startRedisServer(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const start = async () => {
    const settings = [
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ];
    const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    child = spawn('redis-server', [...where, ...settings], { stdio: 'ignore' });
    const redis = new Redis(url, { maxRetriesPerRequest: 200, retryStrategy: () => 50 });
    redis.on('error', () => {});
    await redis.ping();
    redis.disconnect();
  };
  const kill = async () => {
    const ending = child;
    if (ending === null || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    url,
    kill,
    start,
    dispose: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A group of tests with a Redis; where there can be none its name says that they are left out. */
export function describeOnRedis(name: string, define: (server: () => RedisServer) => void): void {
  if (REDIS_MISSING !== null) {
    if (process.env.FORGE_REQUIRE_CLIENTS) throw new Error(REDIS_MISSING);
    describe.skip(`${name} (${REDIS_MISSING})`, () => define(noServer));
    return;
  }
  describe(name, () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await startRedisServer();
    });
    afterAll(() => server.dispose());
    define(() => server);
  });
}

function noServer(): never {
  throw new Error('there is no server');
}
