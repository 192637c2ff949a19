import { describe, expect, test } from 'vitest';
import { dataset, property } from '../../support/dataset-builders.ts';
import { ndjson, reading } from '../../support/store-driver.ts';
import type { ContractContext } from './contract-context.ts';

const NOBODY = '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d';

/** An engine may remember where rows lie; it must not trust its memory where rows have gone, changed or moved. */
export function describePointReads(context: ContractContext): void {
  describe('point reads after rows have gone, changed or moved', () => {
    test.each(['auto', 'always', 'never'] as const)('by id, with id_index %s', async (idIndex) => {
      const { store, manyRows } = context;
      const items = dataset('items', [property('n', 'BIGINT'), property('text', 'VARCHAR')], { idIndex });
      await store.use(items);
      const living = new Map<string, number>();
      const dead: string[] = [];
      const load = async (from: number) => {
        const rows = Array.from({ length: manyRows }, (_, at) => ({ n: from + at, text: `row ${from + at}` }));
        await store.load(items, ndjson(rows), { pieces: 100_000 });
        for (const line of (await store.text(items, 'ndjson', { filters: above(from) })).trimEnd().split('\n')) {
          const { id, data } = JSON.parse(line);
          living.set(id, data.n);
        }
      };
      const readAll = async () => {
        const ids = everyNth([...living.keys()], 97).concat(everyNth(dead, 397), NOBODY);
        for (let at = 0; at < ids.length; at += 40) {
          const asked = ids.slice(at, at + 40);
          const found = await store.engine.reader.byIds(items, asked, reading());
          expect(found.map((record) => (record === null ? null : JSON.parse(record.json).data.n))).toEqual(
            asked.map((id) => living.get(id) ?? null),
          );
        }
      };

      await load(0);
      await readAll();
      await readAll();
      await store.change({
        kind: 'delete-matching',
        dataset: items,
        filter: store.query(items, { filters: below(manyRows / 2) }).filter,
      });
      for (const [id, n] of living) {
        if (n >= manyRows / 2) continue;
        living.delete(id);
        dead.push(id);
      }
      await readAll();
      await store.engine.maintenance.compact();
      await readAll();
      await load(manyRows);
      for (const id of everyNth([...living.keys()], manyRows / 30)) {
        await store.patch(items, id, { n: -BigInt(living.get(id) ?? 0) });
        living.set(id, -(living.get(id) ?? 0));
      }
      await readAll();
      await readAll();
    });

    test.each([
      ['BIGINT', (n: number) => BigInt(n * 7919), (n: number) => n * 7919],
      ['VARCHAR', (n: number) => `ключ "${n}"`, (n: number) => `ключ "${n}"`],
      ['DECIMAL(18,3)', (n: number) => `${n}.250`, (n: number) => n + 0.25],
      ['DATE', (n: number) => dateOf(n), (n: number) => dateOf(n)],
    ])('by a natural key of %s', async (type, keyOf, written) => {
      const { store, manyRows } = context;
      const rows = manyRows / 10;
      const keyed = dataset('keyed', [property('key', type), property('n', 'BIGINT')], { primaryKey: ['key'] });
      await store.use(keyed);
      await store.load(keyed, ndjson(Array.from({ length: rows }, (_, n) => ({ key: written(n), n }))));
      for (const asked of [
        [5],
        [1, rows - 1, 77],
        Array.from({ length: 200 }, (_, at) => at * Math.ceil(rows / 150)),
      ]) {
        const found = await store.engine.reader.byKeys(
          keyed,
          asked.map((n) => [keyOf(n)]),
          reading(),
        );
        expect(found.map((record) => (record === null ? null : JSON.parse(record.json).data.n))).toEqual(
          asked.map((n) => (n < rows ? n : null)),
        );
      }
    });
  });
}

function above(least: number) {
  return [{ field: 'n', operator: 'gte', value: least }];
}

function below(limit: number) {
  return [{ field: 'n', operator: 'lt', value: limit }];
}

function everyNth<T>(list: readonly T[], n: number): T[] {
  return list.filter((_, at) => at % n === 0);
}

function dateOf(day: number): string {
  return new Date(Date.UTC(1960, 0, 1 + day)).toISOString().slice(0, 10);
}
