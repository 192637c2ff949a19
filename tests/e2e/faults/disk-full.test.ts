import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultWorld, lines } from '../../support/fault-world.ts';
import { MAY_MOUNT, SmallDisk } from '../../support/small-disk.ts';

describe.skipIf(!MAY_MOUNT).each(['duckdb', 'sqlite'])(
  `a full disk under %s${MAY_MOUNT ? '' : ' (left out: this user may not mount a small disk)'}`,
  (engine) => {
    let world: FaultWorld;
    let disk: SmallDisk;
    beforeEach(async () => {
      world = await FaultWorld.make({ DB_ENGINE: engine, ENGINE_MEMORY: '256MB' }, async (folder) => {
        disk = await SmallDisk.mount(join(folder, 'disk'), 24);
        return join(disk.folder, 'data');
      });
      await world.start();
    });
    afterEach(async () => {
      await world.server.kill('SIGKILL');
      disk.unmount();
      await world.dispose();
    });

    const text = 'x'.repeat(200);

    test('an upload larger than the disk is a 507, nothing of it is stored, and the server is well', async () => {
      await world.create('items', { n: 0, text: 'before' });
      const { status, json } = await world.upload(
        'items',
        lines(300_000, (n) => JSON.stringify({ n, text })),
      );
      expect([status, json.code]).toEqual([507, 'resources_exhausted']);
      expect(await world.count('items')).toBe(1);
      expect(await world.spooled()).toEqual([]);
      expect(await world.isWell()).toBe(true);
      await world.restart();
      expect(await world.count('items')).toBe(2);
      expect(await world.isWell()).toBe(true);
    });

    test.each(['text/csv', 'application/json', 'application/vnd.apache.parquet'])('the same of %s', async (type) => {
      const { status } = await world.upload(
        'items',
        lines(300_000, (n) =>
          type === 'application/json'
            ? `${n === 0 ? '[' : ','}${JSON.stringify({ n, text })}`
            : `${n === 0 ? 'n,text\n' : ''}${n},${text}`,
        ),
        '',
        { type },
      );
      expect(status).toBe(507);
      expect(await world.count('items')).toBe(0);
      expect(await world.spooled()).toEqual([]);
      expect(await world.isWell()).toBe(true);
    });

    test.each([3000, 5000, 7000])(
      'uploads of %s rows until the store has no room: each all or nothing',
      async (rows) => {
        const ballast = join(disk.folder, 'ballast');
        await writeFile(ballast, randomBytes(8 * 1024 * 1024));
        let stored = 0;
        for (let status = 201; status === 201; ) {
          const body = lines(rows, (n) => JSON.stringify({ n, text: randomBytes(720).toString('base64') }));
          ({ status } = await world.upload('items', body));
          expect([201, 507]).toContain(status);
          if (status === 201) stored += rows;
        }
        expect(await world.count('items')).toBe(stored);
        expect(await world.spooled()).toEqual([]);
        await rm(ballast);
        expect(await world.isWell()).toBe(true);
        await world.restart('SIGKILL');
        expect(await world.count('items')).toBe(stored + 1);
        expect(await world.isWell()).toBe(true);
      },
    );

    test('small writes are refused while nothing fits any more, and go on when there is room', async () => {
      await world.create('items', { n: 0, text: 'before' });
      const ballast = join(disk.folder, 'ballast');
      await writeFile(ballast, Buffer.alloc(64 * 1024 * 1024)).catch(() => {});
      const statuses = new Set<number>();
      let stored = 1;
      for (let n = 0; n < 60; n++) {
        const { status } = await world.create('items', { n, text: text.repeat(20) });
        statuses.add(status);
        if (status === 201) stored++;
      }
      expect([...statuses].filter((status) => status !== 201)).toEqual([507]);
      expect(await world.count('items')).toBe(stored);
      await rm(ballast);
      expect(await world.isWell()).toBe(true);
      await world.restart('SIGKILL');
      expect(await world.count('items')).toBe(stored + 1);
      expect(await world.isWell()).toBe(true);
    });
  },
);
