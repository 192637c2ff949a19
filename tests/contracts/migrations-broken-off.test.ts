import { describe, expect, test } from 'vitest';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { StoreImport } from '#application/ports/store-transfer.ts';
import { showAll } from '../support/compare-engines.ts';
import { dataset, everyType, property } from '../support/dataset-builders.ts';
import { describeLeftOut } from '../support/postgres-database.ts';
import { ndjson, request, StoreDriver } from '../support/store-driver.ts';
import { migrate, newPlace, TRANSFER_PAIRS, type TransferPlace, using } from '../support/transfer-places.ts';

const keyed = dataset('keyed', [property('n', 'INTEGER'), property('text', 'VARCHAR', { unique: true })], {
  primaryKey: ['n'],
});
const plain = everyType('plain');

/** The steps of a copy that can be cut off. */
const STEPS = ['begin', 'addRows', 'addMarks', 'finish'] as const;

describe('a copy that is broken off at any step goes on', () => {
  test.each(TRANSFER_PAIRS)('%s to %s', { timeout: 120_000 }, async (from, to) => {
    const [source, target] = [await newPlace(from), await newPlace(to)];
    try {
      const before = await using(source, fill);
      let broken = 0;
      for (;;) {
        const run = migrate(source, target, (store) => breaking(store, broken));
        const done = await run.then(
          ({ parts }) => parts,
          (error) => {
            if (error !== CUT) throw error;
            return null;
          },
        );
        if (done !== null) {
          expect(done.filter(({ same }) => !same)).toEqual([]);
          break;
        }
        broken++;
      }
      expect(broken).toBeGreaterThan(4);
      await using(target, async (engine) => expect(await showAll(engine, ['k'])).toEqual(before));
      // What is done is only compared.
      expect((await migrate(source, target)).parts.filter(({ same }) => !same)).toEqual([]);
    } finally {
      await source.dispose();
      await target.dispose();
    }
  });
});

describe('what is not the begun copy of the source is refused', () => {
  const places: TransferPlace[] = [];
  const newFilled = async (rows: number) => {
    const place = await newPlace('sqlite');
    places.push(place);
    await using(place, (engine) => fill(engine, rows));
    return place;
  };
  const newEmpty = async () => {
    const place = await newPlace('duckdb');
    places.push(place);
    return place;
  };
  const dispose = () => Promise.all(places.splice(0).map((place) => place.dispose()));

  test('a copy of another source', async () => {
    const [source, other, target] = [await newFilled(10), await newFilled(10), await newEmpty()];
    await expect(migrate(source, target, (store) => breaking(store, 1))).rejects.toBe(CUT);
    await expect(migrate(other, target)).rejects.toMatchObject({
      code: 'invalid_parameter',
      message: expect.stringMatching(/of another store, or the source has changed since/),
    });
    await dispose();
  });

  test('a copy whose source has changed since', async () => {
    const [source, target] = [await newFilled(10), await newEmpty()];
    await expect(migrate(source, target, (store) => breaking(store, 1))).rejects.toBe(CUT);
    await using(source, async (engine) => {
      await new StoreDriver(engine).create(plain, { text: 'one more' });
    });
    await expect(migrate(source, target)).rejects.toMatchObject({ code: 'invalid_parameter' });
    await dispose();
  });

  test('a store that is in use, even where it came of a copy of this source', async () => {
    const [source, used, copied] = [await newFilled(10), await newFilled(5), await newEmpty()];
    await expect(migrate(source, used)).rejects.toMatchObject({
      code: 'invalid_parameter',
      message: expect.stringMatching(/^There is a store in the target already/),
    });
    await migrate(source, copied);
    await using(copied, async (engine) => void (await new StoreDriver(engine).create(plain, { text: 'new' })));
    await expect(migrate(source, copied)).rejects.toMatchObject({ code: 'invalid_parameter' });
    await dispose();
  });

  test('a copy that comes out different is told and stays unfinished', async () => {
    const [source, target] = [await newFilled(10), await newEmpty()];
    const { parts } = await migrate(source, target, (store) => {
      const losing: StoreImport = Object.create(store);
      losing.addRows = (of, part, batch, note) =>
        part === 'former'
          ? store.addRows(of, part, { ...batch, columns: [...batch.columns] }, note)
          : store.addRows(of, part, { length: batch.length - 1, columns: batch.columns }, note);
      return bound(losing, store);
    });
    expect(parts.filter(({ same }) => !same).map(({ dataset: name, part }) => [name, part])).toEqual([
      ['keyed', 'current'],
      ['plain', 'current'],
    ]);
    await expect(target.open()).rejects.toMatchObject({ code: 'store_unfinished' });
    await dispose();
  });
});

describeLeftOut();

const CUT = new Error('cut off');

/** Throws at the step of a number: every other time before it is durable, else behind that. */
function breaking(store: StoreImport, at: number): StoreImport {
  // Steps that earlier runs had made durable do not come again.
  let left = at % 2 === 0 ? 0 : 1;
  const cutting: StoreImport = Object.create(store);
  for (const step of STEPS) {
    const work = store[step].bind(store) as (...parameters: unknown[]) => Promise<void>;
    Object.assign(cutting, {
      [step]: async (...parameters: unknown[]) => {
        if (left-- > 0) return work(...parameters);
        if (at % 2 === 1) await work(...parameters);
        throw CUT;
      },
    });
  }
  return bound(cutting, store);
}

/** Methods that are not replaced work on the store itself: it has private parts. */
function bound(wrapped: StoreImport, store: StoreImport): StoreImport {
  for (const name of ['state', 'begin', 'addRows', 'addMarks', 'reading', 'finish', 'close'] as const) {
    if (!Object.hasOwn(wrapped, name)) Object.assign(wrapped, { [name]: store[name].bind(store) });
  }
  return wrapped;
}

async function fill(engine: StorageEngine, rows = 1500) {
  const store = new StoreDriver(engine);
  for (const each of [keyed, plain]) await store.use(each);
  await store.load(keyed, ndjson(Array.from({ length: rows }, (_, n) => ({ n, text: `row ${n}` }))));
  await store.load(plain, ndjson(Array.from({ length: rows }, (_, n) => ({ int: n, price: n / 4, text: `row ${n}` }))));
  const changed = Array.from({ length: Math.min(rows, 600) }, (_, n) => ({ n, text: `changed ${n}` }));
  await store.load(keyed, ndjson(changed), { onConflict: 'update' });
  await engine.writer.commit([request([], [{ kind: 'idempotency', key: 'k', value: 'answer' }])]);
  return showAll(engine, ['k']);
}
