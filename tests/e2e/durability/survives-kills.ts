import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MixedLoad, readChanges, readRecords } from '../../support/mixed-load.ts';
import { createTestDatabase } from '../../support/postgres-database.ts';
import { ServerProcess } from '../../support/server-process.ts';

const DATASETS = {
  items: {
    name: 'items',
    properties: [
      { name: 'n', type: 'integer' },
      { name: 'batch', type: 'string' },
    ],
  },
  keyed: {
    name: 'keyed',
    primary_key: ['k'],
    properties: [
      { name: 'k', type: 'string' },
      { name: 'n', type: 'integer' },
      { name: 'batch', type: 'string' },
    ],
  },
};

/** A server on the engine is killed again and again; a file for each engine, so that they run side by side. */
export function describeDurability(engine: 'duckdb' | 'sqlite' | 'postgres', kills: number): void {
  describe(`an answered write survives kill -9 on ${engine}`, () => {
    const start = () =>
      ServerProcess.start(join(folder, 'data'), join(folder, 'datasets'), {
        DB_ENGINE: engine,
        DATABASE_URL: database.url,
      });
    let folder = '';
    let database = { url: '', dispose: async () => {} };
    beforeAll(async () => {
      if (engine === 'postgres') database = await createTestDatabase();
      folder = await mkdtemp(join(tmpdir(), 'data-forge-durability-'));
      await mkdir(join(folder, 'datasets'));
      for (const [name, file] of Object.entries(DATASETS)) {
        await writeFile(join(folder, 'datasets', `${name}.json`), JSON.stringify(file));
      }
    });
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
      await database.dispose();
    });

    test(`${kills} kills under mixed load lose nothing, store nothing twice and tear no bulk`, async () => {
      const load = new MixedLoad();
      let server = await start();
      for (let round = 0; round < kills; round++) {
        const running = load.run(server.url);
        await sleep(100 + Math.random() * 300);
        await server.kill('SIGKILL');
        await running;
        server = await start();
        for (const dataset of Object.keys(DATASETS)) {
          const records = await readRecords(server.url, dataset);
          load.checkRecords(dataset, records);
          checkFeed(records, await readChanges(server.url, dataset));
        }
        await load.repeatUnanswered(server.url);
      }
      expect(await server.kill('SIGTERM'), server.output).toBe(0);
      expect(load.answered).toBeGreaterThan(kills);
    }, 600_000);
  });
}

/** The feed tells every version once, in order, and told from its beginning it makes what stands. */
function checkFeed(
  records: Awaited<ReturnType<typeof readRecords>>,
  changes: Awaited<ReturnType<typeof readChanges>>,
): void {
  let before = 0;
  const standing = new Map<string, { version: number; data: unknown }>();
  for (const { seq, op, id, version, data } of changes) {
    expect(seq).toBeGreaterThan(before);
    before = seq;
    expect(version).toBe((standing.get(id)?.version ?? 0) + 1);
    if (op === 'delete') standing.delete(id);
    else standing.set(id, { version, data });
  }
  const told = [...standing].map(([id, { version, data }]) => ({ id, version, data }));
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
  expect(told.sort(byId)).toEqual(records.map(({ id, version, data }) => ({ id, version, data })).sort(byId));
}
