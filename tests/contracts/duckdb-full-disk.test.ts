import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { DataForgeError } from '#domain/errors.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { openDuckDbIn } from '../support/duckdb-engine.ts';
import { MAY_MOUNT, SmallDisk } from '../support/small-disk.ts';
import { ndjson, StoreDriver } from '../support/store-driver.ts';
import { until } from '../support/until.ts';

/** The engine gives a file up whose checkpoint it cannot write; the store opens it anew, in the same process. */
describe.skipIf(!MAY_MOUNT)(
  `a checkpoint that finds the disk full${MAY_MOUNT ? '' : ' (left out: this user may not mount a small disk)'}`,
  () => {
    const items = dataset('items', [property('n', 'BIGINT'), property('text', 'VARCHAR')]);
    let disk: SmallDisk;
    let folder: string;
    let engine: StorageEngine;
    let store: StoreDriver;
    let ballast: string;
    beforeEach(async () => {
      folder = join(tmpdir(), `data-forge-full-${process.pid}-${Date.now()}`);
      disk = await SmallDisk.mount(folder, 24);
      ballast = join(folder, 'ballast');
      engine = await openDuckDbIn(join(folder, 'data'));
      store = new StoreDriver(engine);
      await store.use(items);
      await store.load(items, rows(0, 20_000));
      await engine.maintenance.compact();
      for (let from = 0; from < 2000; from += 200) {
        await store.create(
          items,
          ...Array.from({ length: 200 }, (_, n) => ({ n: from + n, text: 'small '.repeat(30) })),
        );
      }
    });
    afterEach(async () => {
      await engine.maintenance.close();
      disk.unmount();
      await rm(folder, { recursive: true, force: true });
    });

    const rows = (from: number, count: number) =>
      ndjson(Array.from({ length: count }, (_, n) => ({ n: from + n, text: `row ${from + n}` })));
    const fill = () => writeFile(ballast, Buffer.alloc(64 * 1024 * 1024)).catch(() => {});
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'ok',
        (error) => (error instanceof DataForgeError ? error.code : String(error)),
      );
    const isWell = async () => (await engine.maintenance.health()).ok;

    test('refuses, and goes on by itself when there is room', async () => {
      const told: number[] = [];
      engine.changes.subscribe((head) => told.push(head));
      const { head } = await engine.maintenance.health();
      await fill();
      expect(await codeOf(engine.maintenance.compact())).toBe('resources_exhausted');
      await rm(ballast);
      await until(isWell);
      expect(await store.count(items)).toBe(22_000);
      await store.create(items, { n: -2, text: 'after' });
      expect(await store.count(items)).toBe(22_001);
      expect((await engine.maintenance.health()).head).toBe(head + 1);
      expect(told).toContain(head);
      await engine.maintenance.compact();
      await engine.maintenance.close();
      engine = await openDuckDbIn(join(folder, 'data'));
      expect(await new StoreDriver(engine).count(items)).toBe(22_001);
    });

    test('what was under way ends as a whole, and keeps nobody from going on', async () => {
      const paused = store.stream(items, 'ndjson')[Symbol.asyncIterator]();
      await paused.next();
      const asked = { datasets: [items], limit: null, signal: new AbortController().signal };
      let open = true;
      const load = codeOf(
        engine.loader.load({
          dataset: items,
          format: 'ndjson',
          body: (async function* () {
            for (let from = 0; open; from += 1000) {
              yield Buffer.from(rows(100_000 + from, 1000));
              await new Promise((resolve) => setTimeout(resolve, 5));
            }
          })(),
          onInvalid: 'abort',
          onConflict: 'error',
          marks: [],
          origin: { caller: 'tester', run: null },
          returnRecords: false,
          signal: asked.signal,
        }),
      );
      const answered: string[] = [];
      const small = (async () => {
        for (let n = 0; open; n++) {
          answered.push(await codeOf(store.create(items, { n, text: 'small' })));
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      })();
      await until(() => answered.includes('ok'));
      await fill();
      expect(await codeOf(engine.maintenance.compact())).toBe('resources_exhausted');
      await rm(ballast);
      const refused = answered.length;
      await until(() => answered.lastIndexOf('ok') > refused);
      open = false;
      await small;
      expect(['ok', 'resources_exhausted']).toContain(await load);
      expect(answered.filter((answer) => answer !== 'ok' && answer !== 'resources_exhausted')).toEqual([]);
      expect(['ok', 'resources_exhausted']).toContain(await codeOf(drain(paused)));
      const kept = answered.filter((answer) => answer === 'ok').length;
      expect(await store.count(items, [{ field: 'n', operator: 'lt', value: 100_000 }])).toBe(22_000 + kept);
      const { total, last } = await store.page(items, { size: 1 });
      expect(last).not.toBeNull();
      expect((await store.text(items, 'ndjson')).split('\n').length - 1).toBe(total);
    });
  },
);

async function drain(iterator: AsyncIterator<unknown>): Promise<void> {
  while (!(await iterator.next()).done);
}
