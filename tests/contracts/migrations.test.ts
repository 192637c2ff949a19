import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { anyStoreHistory, livePast } from '../support/any-store-history.ts';
import { showAll } from '../support/compare-engines.ts';
import { describeLeftOut } from '../support/postgres-database.ts';
import { StoreDriver } from '../support/store-driver.ts';
import { migrate, newPlace, TRANSFER_PAIRS, using } from '../support/transfer-places.ts';

const RUNS = 2;

describe('a store that was migrated answers as before', () => {
  test.each(TRANSFER_PAIRS)('%s to %s', { timeout: 120_000 }, async (from, to) => {
    await fc.assert(
      fc.asyncProperty(anyStoreHistory, async (history) => {
        const [source, target] = [await newPlace(from), await newPlace(to)];
        try {
          const { marks, before } = await using(source, async (engine) => {
            const made = await livePast(engine, history);
            return { marks: made, before: await showAll(engine, made) };
          });
          const { parts } = await migrate(source, target);
          expect(parts.filter(({ same }) => !same)).toEqual([]);
          await using(target, async (engine) => {
            expect(await showAll(engine, marks)).toEqual(before);
            await goesOn(engine);
          });
          await using(source, async (engine) => expect(await showAll(engine, marks)).toEqual(before));
        } finally {
          await source.dispose();
          await target.dispose();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});

describeLeftOut();

/** New changes of new and of copied records have the numbers behind the last, and only they follow it. */
async function goesOn(engine: StorageEngine): Promise<void> {
  const store = new StoreDriver(engine);
  const datasets = await engine.datasets.list();
  for (const dataset of datasets.filter(({ name }) => ['every_type', 'keyed'].includes(name))) {
    const head = engine.changes.head();
    const [first] = await store.items(dataset, { size: 1 });
    const [made] = await store.create(dataset, { text: 'new', int: 77 });
    expect(made).toMatchObject({ seq: head + 1, version: 1 });
    if (first === undefined) continue;
    await store.patch(dataset, first.id, { text: 'changed after the copy' });
    await store.delete(dataset, first.id);
    const { changes } = await store.changes(dataset, head);
    expect(changes.map(({ seq, op, id, version }) => [seq, op, id, version])).toEqual([
      [head + 1, 'create', made?.id, 1],
      [head + 2, 'update', first.id, first.version + 1],
      [head + 3, 'delete', first.id, first.version + 2],
    ]);
    expect(await store.find(dataset, first.id)).toBeNull();
    expect((await store.find(dataset, made?.id ?? ''))?.data).toMatchObject({ text: 'new', int: 77 });
  }
}
