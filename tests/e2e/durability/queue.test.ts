import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeOnRedis } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

const SCRIPT = fileURLToPath(new URL('../../support/queue-process.ts', import.meta.url));

describe('a queue whose processes are killed', () => {
  let folder: string;
  let children: ChildProcess[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'data-forge-queue-'));
    writeFileSync(join(folder, 'seen'), '');
    children = [];
  });
  afterEach(async () => {
    for (const child of children) await kill(child);
    rmSync(folder, { recursive: true, force: true });
  });

  const seen = () => {
    const lines = readFileSync(join(folder, 'seen'), 'utf8').trimEnd().split('\n');
    const numbers = (word: string) =>
      lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.slice(word.length + 1)));
    return { taken: numbers('taken'), done: numbers('done') };
  };

  const begin = (where: string, mode: 'fill' | 'work' | 'drain', first = 0) => {
    const args = [SCRIPT, where, 'killed', join(folder, 'seen'), mode, String(first)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  };

  const drain = async (where: string) => {
    const child = begin(where, 'drain');
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  };

  test('the local one does all that it has taken', { timeout: 120_000 }, async () => {
    const path = join(folder, 'queue.sqlite');
    for (let round = 0; round < 12; round++) {
      const before = seen().taken.length;
      const child = begin(path, 'fill', round * 100_000);
      await until(() => seen().taken.length > before, 30_000);
      await sleep(Math.random() * 300);
      await kill(child);
    }
    await drain(path);
    const { taken, done } = seen();
    const counts = new Map<number, number>();
    for (const n of done) counts.set(n, (counts.get(n) ?? 0) + 1);
    expect(taken.filter((n) => !counts.has(n))).toEqual([]);
    // Only what was under way when a process ended is done again.
    expect(done.length - counts.size).toBeLessThanOrEqual(12 * 8);
  });

  describeOnRedis('with Redis', (server) => {
    test('does all that it has taken, though workers and Redis itself are killed', { timeout: 120_000 }, async () => {
      const { url, kill: killRedis, start } = server();
      let [filler, worker] = [begin(url, 'fill'), begin(url, 'work')];
      for (let round = 1; round <= 9; round++) {
        const before = seen().taken.length;
        await until(() => seen().taken.length > before, 30_000);
        await sleep(Math.random() * 300);
        if (round % 3 === 0) {
          await killRedis();
          await sleep(Math.random() * 500);
          await start();
        } else if (round % 3 === 1) {
          await kill(worker);
          worker = begin(url, 'work');
        } else {
          await kill(filler);
          filler = begin(url, 'fill', round * 100_000);
        }
      }
      await kill(filler);
      await kill(worker);
      await drain(url);
      const { taken, done } = seen();
      const all = new Set(done);
      expect(taken.length).toBeGreaterThan(50);
      expect(taken.filter((n) => !all.has(n))).toEqual([]);
    });
  });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
