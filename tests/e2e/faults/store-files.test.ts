import { chmod, copyFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultWorld, lines } from '../../support/fault-world.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { MAY_MOUNT, SmallDisk } from '../../support/small-disk.ts';

/** Makes a store say that it has another format. */
const SET_FORMAT = {
  async duckdb(store: string, format: number): Promise<void> {
    const instance = await DuckDBInstance.create(store);
    const connection = await instance.connect();
    await connection.run(`UPDATE forge.meta SET value = '${format}' WHERE name = 'format'`);
    connection.closeSync();
    instance.closeSync();
  },
  async sqlite(store: string, format: number): Promise<void> {
    const database = new DatabaseSync(store);
    database.exec(`PRAGMA user_version = ${format}`);
    database.close();
  },
} as const;

/** What stands in the way of a start is said in a sentence, and nothing is touched. */
describe.each(Object.keys(SET_FORMAT) as (keyof typeof SET_FORMAT)[])(
  'a store of %s that cannot be opened',
  (engine) => {
    const env = { DB_ENGINE: engine };
    let world: FaultWorld;
    let store: string;
    beforeEach(async () => {
      world = await FaultWorld.make(env);
      store = join(world.dataDir, `store.${engine}`);
      await world.start();
      await world.create('items', { n: 1, text: 'kept' });
    });
    afterEach(() => world.dispose());

    /** What a start says that does not come up. */
    async function refusal(): Promise<string> {
      const started = ServerProcess.start(world.dataDir, join(world.folder, 'datasets'), env);
      const error = await started.then(
        async (server) => {
          await server.kill('SIGKILL');
          return new Error('it came up');
        },
        (caught) => caught as Error,
      );
      expect(error.message).not.toMatch(/\n\s+at |Error:/);
      return error.message;
    }

    const comesBack = async () => {
      await world.start();
      expect(await world.count('items')).toBe(1);
      expect(await world.isWell()).toBe(true);
    };

    test('because another server has it', async () => {
      expect(await refusal()).toMatch(/ended with 6:[\s\S]*open in another process; stop that process/);
      expect(await world.isWell()).toBe(true);
    });

    test('because another server has it, whose uploads go on', async () => {
      const text = 'x'.repeat(200);
      const upload = world.upload(
        'items',
        lines(
          400_000,
          (n) => JSON.stringify({ n, text }),
          () => sleep(5),
        ),
      );
      await expect.poll(() => world.spooled()).not.toEqual([]);
      for (let attempt = 0; attempt < 2; attempt++) expect(await refusal()).toMatch(/open in another process/);
      const { status, json } = await upload;
      expect([status, json.records_created]).toEqual([201, 400_000]);
    });

    test('because it is damaged: no store at all, its beginning gone, cut off', async () => {
      await world.server.kill('SIGTERM');
      await copyFile(store, `${store}.good`);
      const size = (await stat(store)).size;
      for (const damage of [
        () => writeFile(store, 'this is no store'),
        async () => writeFile(store, Buffer.concat([Buffer.alloc(4096, 7), (await readFile(store)).subarray(4096)])),
        () => truncate(store, Math.floor(size / 3)),
        () => writeFile(store, ''),
      ]) {
        await damage();
        expect(await refusal()).toMatch(/cannot be read; restore a backup/);
        await copyFile(`${store}.good`, store);
      }
      await comesBack();
    });

    test('because a later version wrote it', async () => {
      await world.server.kill('SIGTERM');
      await SET_FORMAT[engine](store, 2);
      expect(await refusal()).toMatch(/has format \d+ and this version reads up to \d+; start the version/);
      await SET_FORMAT[engine](store, 1);
      await comesBack();
    });

    test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('because it may not be written', async () => {
      await world.server.kill('SIGTERM');
      await chmod(store, 0o444);
      expect(await refusal()).toMatch(/cannot be written; give this user write access/);
      await chmod(store, 0o644);
      await chmod(world.dataDir, 0o555);
      expect(await refusal()).toMatch(/cannot be written; give this user write access/);
      await chmod(world.dataDir, 0o755);
      await comesBack();
    });
  },
);

describe.skipIf(!MAY_MOUNT)(
  `a disk that is read-only${MAY_MOUNT ? '' : ' (left out: this user may not mount one)'}`,
  () => {
    test('is said to be so', async () => {
      let disk: SmallDisk | null = null;
      const world = await FaultWorld.make({}, async (folder) => {
        disk = await SmallDisk.mount(join(folder, 'disk'), 32);
        return join(disk.folder, 'data');
      });
      const mounted = disk as unknown as SmallDisk;
      try {
        await world.start();
        await world.create('items', { n: 1, text: 'kept' });
        await world.server.kill('SIGTERM');
        mounted.makeReadOnly(true);
        await expect(world.start()).rejects.toThrow(/cannot be written; give this user write access/);
        mounted.makeReadOnly(false);
        await world.start();
        expect(await world.count('items')).toBe(1);
      } finally {
        await world.server.kill('SIGKILL');
        mounted.unmount();
        await world.dispose();
      }
    });
  },
);
