import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { StoreExport, StoreImport } from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import type { Row } from '#domain/record/value.ts';
import { readRows } from '#formats/columns/read-values.ts';
import { everyType } from '../support/dataset-builders.ts';
import { describeLeftOut, POSTGRES_MISSING } from '../support/postgres-database.ts';
import { ndjson, request, StoreDriver } from '../support/store-driver.ts';
import {
  migrate,
  newPlace,
  TRANSFER_ENGINES,
  type TransferEngine,
  type TransferPlace,
  using,
} from '../support/transfer-places.ts';

const items = everyType('items');

describe.each(TRANSFER_ENGINES)('%s as an end of a copy', (engine) => {
  let place: TransferPlace;
  beforeEach(async () => {
    place = await newPlace(engine);
  });
  afterEach(() => place.dispose());

  describe('to be read', () => {
    test('says what there is', async () => {
      const last = await using(place, fill);
      await reading(place, async (source) => {
        const { head, datasets, origins, marks } = await source.facts();
        expect(head).toBe(last);
        expect(datasets).toMatchObject([{ dataset: items, rows: { current: ROWS, former: 2 }, trimmedTo: 0 }]);
        expect(datasets[0]?.lastChange).toMatch(/^\d{16}$/);
        expect(origins).toEqual([{ id: 1, caller: 'tester', run: null }]);
        expect(marks).toBe(MARKS);
      });
    });

    test('gives rows in the order of their numbers, from behind any of them on', async () => {
      const last = await using(place, fill);
      await reading(place, async (source) => {
        const all = await rowsOf(source, items, 'current', 0);
        const numbers = all.map((row) => Number(row[4]));
        expect(numbers).toHaveLength(ROWS);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(await rowsOf(source, items, 'current', numbers[1000] ?? 0)).toEqual(all.slice(1001));
        expect(await rowsOf(source, items, 'current', last)).toEqual([]);
        const former = await rowsOf(source, items, 'former', 0);
        expect(former.map((row) => row.slice(-4))).toEqual([
          [BigInt(last - 1), expect.stringMatching(/Z$/), 1, false],
          [BigInt(last), expect.stringMatching(/Z$/), 1, true],
        ]);
        expect(await rowsOf(source, items, 'former', last - 1)).toEqual(former.slice(1));
      });
    });

    test('gives the marks with their times', async () => {
      await using(place, fill);
      await reading(place, async (source) => {
        const marks = (await Array.fromAsync(source.marks())).flat();
        expect(marks.map(({ key }) => key).sort()).toEqual(keys());
        for (const { kind, key, value, madeAt } of marks) {
          expect([kind, value]).toEqual(['idempotency', `answer of ${key}`]);
          expect(madeAt).toMatch(/^\d{4}-.*Z$/);
        }
      });
    });
  });

  describe('to be written', () => {
    test('is empty, unfinished, finished', async () => {
      const source = await newPlace('memory');
      await using(source, fill);
      const facts = await (await source.from()).facts();
      await writing(place, async (target) => {
        expect(await target.state()).toEqual({ state: 'empty', note: null });
        await target.begin(facts, 'begun');
        expect(await target.state()).toEqual({ state: 'unfinished', note: 'begun' });
      });
      await refusesToOpen(engine, place);
      await writing(place, async (target) => {
        for await (const batch of (await source.from()).rows(items, 'current', 0)) {
          await target.addRows(items, 'current', batch, 'rows');
        }
      });
      await refusesToOpen(engine, place);
      await writing(place, async (target) => {
        expect(await target.state()).toEqual({ state: 'unfinished', note: 'rows' });
        await target.finish('done');
        expect(await target.state()).toEqual({ state: 'finished', note: 'done' });
      });
      await using(place, async (opened) => expect(await new StoreDriver(opened).count(items)).toBe(ROWS));
    });

    test('is other where a store is in use', async () => {
      await using(place, fill);
      await writing(place, async (target) => expect(await target.state()).toEqual({ state: 'other', note: null }));
    });

    test('is other where there is a dataset without rows', async () => {
      await using(place, async (opened) => void (await new StoreDriver(opened).use(items)));
      await writing(place, async (target) => expect(await target.state()).toEqual({ state: 'other', note: null }));
    });

    test('a copy of a copy keeps no note of the first', async () => {
      const [first, last] = [await newPlace('memory'), await newPlace('memory')];
      await using(first, fill);
      await migrate(first, place);
      const { parts } = await migrate(place, last);
      expect(parts.filter(({ same }) => !same)).toEqual([]);
      expect(parts.at(-1)?.source.rows).toBe(MARKS);
    });
  });
});

describe.skipIf(POSTGRES_MISSING !== null)('postgres, while others write', () => {
  test('is read as it was when that began', async () => {
    const place = await newPlace('postgres');
    await using(place, fill);
    await reading(place, async (source) => {
      const before = await source.facts();
      await using(place, async (engine) => {
        const store = new StoreDriver(engine);
        const [first] = await store.items(items, { size: 1 });
        await store.delete(items, first?.id ?? '');
        await store.create(items, { text: 'later' });
        await engine.maintenance.trimHistory(new Date(Date.now() + 1000).toISOString());
      });
      expect(await source.facts()).toEqual(before);
      expect(await rowsOf(source, items, 'current', 0)).toHaveLength(ROWS);
      expect(await rowsOf(source, items, 'former', 0)).toHaveLength(2);
    });
    await place.dispose();
  });
});

describeLeftOut();

const ROWS = 3000;
/** More than are read at once. */
const MARKS = 450;

function keys(): string[] {
  return Array.from({ length: MARKS }, (_, at) => `\n"${at}\\`).sort();
}

/** One row is changed, another deleted. @returns the number of that */
async function fill(engine: StorageEngine): Promise<number> {
  const store = new StoreDriver(engine);
  await store.use(items);
  await store.load(items, ndjson(Array.from({ length: ROWS }, (_, n) => ({ int: n, text: `row ${n}` }))));
  const [changed, , deleted] = await store.create(items, { text: 'a' }).then(() => store.items(items, { size: 3 }));
  await store.patch(items, changed?.id ?? '', { text: 'changed' });
  await store.delete(items, deleted?.id ?? '');
  const marks = keys().map((key) => ({ kind: 'idempotency', key, value: `answer of ${key}` }));
  await engine.writer.commit([request([], marks)]);
  return engine.changes.head();
}

async function reading(place: TransferPlace, work: (source: StoreExport) => Promise<void>): Promise<void> {
  const source = await place.from();
  try {
    await work(source);
  } finally {
    await source.close();
  }
}

async function writing(place: TransferPlace, work: (target: StoreImport) => Promise<void>): Promise<void> {
  const target = await place.to();
  try {
    await work(target);
  } finally {
    await target.close();
  }
}

async function rowsOf(source: StoreExport, dataset: Dataset, part: StorePart, after: number): Promise<Row[]> {
  const columns = storedColumns(dataset, part);
  const rows: Row[] = [];
  for await (const batch of source.rows(dataset, part, after)) rows.push(...readRows(columns, batch));
  return rows;
}

/** Of a store in memory nobody but this process knows. */
async function refusesToOpen(engine: TransferEngine, place: TransferPlace): Promise<void> {
  if (engine === 'memory') return;
  await expect(place.open()).rejects.toMatchObject({ code: 'store_unfinished' });
  await expect(place.from()).rejects.toMatchObject({ code: 'store_unfinished' });
}
