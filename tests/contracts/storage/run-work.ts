import { describe, expect, test } from 'vitest';
import type { Change, WriteRequest } from '#domain/record/change.ts';
import { undoingRun } from '#domain/record/run-work.ts';
import { dataset, property } from '../../support/dataset-builders.ts';
import { ndjson, recordOf } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

export function describeRunWork(context: ContractContext): void {
  describe('the work of a run', () => {
    const items = dataset('items', [property('k', 'VARCHAR'), property('v', 'INTEGER')], { primaryKey: ['k'] });
    const by = (run: string | null) => ({ caller: 'tester', run });
    const work = (run: string, limit = 100) => {
      const { signal } = new AbortController();
      return context.store.engine.changes.readRun({ dataset: items, run, limit, signal });
    };
    const commit = async (run: string | null, ...changes: Change[]) => {
      const request: WriteRequest = { changes, marks: [], origin: by(run) };
      const [outcome] = await context.store.engine.writer.commit([request]);
      if (!outcome?.ok) throw outcome?.error;
      return outcome.results;
    };
    const replace = (id: string, data: object): Change => {
      return { kind: 'replace', dataset: items, id, row: context.store.row(items, data), ifVersion: null };
    };
    const remove = (id: string): Change => ({ kind: 'delete', dataset: items, id, ifVersion: null });

    async function start() {
      const { store } = context;
      await store.use(items);
      const [a, b, c] = await store.create(items, { k: 'a', v: 1 }, { k: 'b', v: 2 }, { k: 'c', v: 3 });
      return { a: a?.id ?? '', b: b?.id ?? '', c: c?.id ?? '' };
    }

    test('is what it made, changed and deleted, with what stood before', async () => {
      const { store } = context;
      const { a, b, c } = await start();
      await store.load(
        items,
        ndjson([
          { k: 'a', v: 10 },
          { k: 'd', v: 4 },
        ]),
        { origin: by('r1'), onConflict: 'update' },
      );
      await commit('r1', remove(b), replace(a, { k: 'a', v: 11 }));
      const { overtaken, touched } = await work('r1');
      expect(overtaken).toEqual([]);
      const shown = touched.map(({ id, version, before }) => [
        id === a ? 'a' : id === b ? 'b' : 'd',
        version,
        before?.row[1] ?? null,
      ]);
      expect(shown.sort()).toEqual(
        [
          ['a', 3, 1n],
          ['b', null, 2n],
          ['d', 1, null],
        ]
          .map(([k, version, v]) => [k, version, typeof v === 'bigint' ? Number(v) : v])
          .sort(),
      );
      expect((await work('r1', 1)).touched).toHaveLength(1);
      expect(await work('another')).toEqual({ overtaken: [], touched: [] });
      expect(touched.map(({ id }) => id)).not.toContain(c);
    });

    test('is overtaken where others have changed or deleted what it left, but not by what undoes it', async () => {
      const { a, b } = await start();
      await commit('r1', replace(a, { k: 'a', v: 10 }), replace(b, { k: 'b', v: 20 }));
      await commit('r2', replace(a, { k: 'a', v: 11 }));
      expect((await work('r1')).overtaken).toEqual([a]);
      await commit(undoingRun('r1'), replace(b, { k: 'b', v: 2 }));
      const { overtaken, touched } = await work('r1');
      expect([overtaken, touched]).toEqual([[a], []]);
      const [made] = await commit('r3', context.store.createChange(items, { k: 'x', v: 1 }));
      await commit(null, remove(recordOf(made).id));
      expect((await work('r3')).overtaken).toEqual([recordOf(made).id]);
    });

    test('that was undone within itself is none', async () => {
      await start();
      const [made] = await commit('r1', context.store.createChange(items, { k: 'x', v: 1 }));
      await commit('r1', remove(recordOf(made).id));
      expect(await work('r1')).toEqual({ overtaken: [], touched: [] });
    });
  });
}
