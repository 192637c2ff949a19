import { expect, test } from 'vitest';
import { dataset, property } from '../support/dataset-builders.ts';
import { describeOnPostgres, openTemporaryPostgres } from '../support/postgres-engine.ts';
import { onServer } from '../support/postgres-server.ts';
import { reading, recordOf, request, StoreDriver } from '../support/store-driver.ts';
import { until } from '../support/until.ts';

const items = dataset('items', [property('k', 'VARCHAR', { unique: true }), property('n', 'INTEGER')]);

describeOnPostgres('several instances on one database', (server) => {
  const withTwo = async (work: (one: StoreDriver, two: StoreDriver, schema: string) => Promise<void>) => {
    const store = await openTemporaryPostgres(server());
    try {
      await work(new StoreDriver(store.engine), new StoreDriver(await store.join()), store.schema);
    } finally {
      await store.dispose();
    }
  };

  test('each sees what the other writes, and hears of it', () =>
    withTwo(async (one, two) => {
      await one.use(items);
      const heard: [number, string[]][] = [];
      two.engine.changes.subscribe((head, datasets) => heard.push([head, [...datasets]]));
      const [record] = await one.create(items, { k: 'a', n: 1 });
      await until(() => heard.length > 0);
      expect(heard).toEqual([[record?.seq, ['items']]]);
      expect(two.engine.changes.head()).toBe(record?.seq);
      await two.patch(items, record?.id ?? '', { n: 2 });
      expect(await one.find(items, record?.id ?? '')).toMatchObject({ version: 2, data: { n: 2 } });
      expect((await one.changes(items)).changes.map(({ op }) => op)).toEqual(['create', 'update']);
    }));

  test('a notice of more datasets than one holds names all of them', () =>
    withTwo(async (one, two) => {
      const many = Array.from({ length: 90 }, (_, at) =>
        dataset(`${'n'.repeat(100)}${at}`, [property('a', 'INTEGER')]),
      );
      for (const each of many) await one.use(each);
      let heard: ReadonlySet<string> = new Set();
      two.engine.changes.subscribe((_, datasets) => {
        heard = datasets;
      });
      await one.change(...many.map((each) => one.createChange(each, { a: 1 })));
      await until(() => heard.size > 0);
      expect(heard.size).toBe(90);
    }));

  test('a key that both want is given to one', () =>
    withTwo(async (one, two) => {
      await one.use(items);
      for (let round = 0; round < 20; round++) {
        const wanted = { k: `key ${round}`, n: round };
        const results = await Promise.allSettled([one.create(items, wanted), two.create(items, wanted)]);
        expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
        const refused = results.find((result) => result.status === 'rejected');
        expect(refused?.reason).toMatchObject({ code: 'key_exists' });
      }
      expect(await two.count(items)).toBe(20);
    }));

  test('a reader that follows the feed misses no number, however many write', () =>
    withTwo(async (one, two) => {
      await one.use(items);
      const writes = [one, two].flatMap((store, instance) =>
        Array.from({ length: 4 }, async (_, writer) => {
          for (let at = 0; at < 25; at++) await store.create(items, { k: `${instance} ${writer} ${at}`, n: at });
        }),
      );
      const writing = Promise.all(writes);
      let done = false;
      void writing.finally(() => {
        done = true;
      });
      const read: number[] = [];
      let since = 0;
      for (let wasDone = false; !wasDone; ) {
        wasDone = done;
        const { changes, next } = await two.changes(items, since);
        read.push(...changes.map(({ seq }) => seq));
        since = next;
      }
      await writing;
      expect(read).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
      const times = new Set((await one.changes(items)).changes.map(({ changed_at: at }) => at));
      expect(times.size).toBe(200);
    }));

  test('both may start, and make or change a dataset, at once', async () => {
    const store = await openTemporaryPostgres(server());
    try {
      const others = await Promise.all([store.join(), store.join(), store.join()]);
      const all = [store.engine, ...others].map((engine) => new StoreDriver(engine));
      await Promise.all(all.map((each) => each.use(items)));
      const wider = { ...items, properties: [...items.properties, property('more', 'VARCHAR', { default: 'x' })] };
      await Promise.all(all.map((each) => each.use(wider)));
      expect(await store.engine.datasets.list()).toEqual([wider]);
      // One that does not know the new property yet goes on writing.
      await all[1]?.create(items, { k: 'old', n: 1 });
      expect(await new StoreDriver(store.engine).items(wider)).toMatchObject([{ data: { k: 'old', more: 'x' } }]);
    } finally {
      await store.dispose();
    }
  });

  test('a plan that others have overtaken loses nothing that was not accepted', () =>
    withTwo(async (one, two) => {
      await one.use(items);
      const withProperty = (name: string) => ({
        ...items,
        properties: [...items.properties, property(name, 'VARCHAR')],
      });
      const plan = await one.engine.datasets.plan(withProperty('mine'));
      await two.use(withProperty('theirs'));
      await expect(one.engine.datasets.apply(plan, { acceptLoss: false })).rejects.toMatchObject({
        code: 'incompatible_schema',
      });
      expect(await one.engine.datasets.list()).toEqual([withProperty('theirs')]);
    }));

  test('work that nobody waits for any more ends in the server', () =>
    withTwo(async (one, _, schema) => {
      await one.use(items);
      await onServer(server().url, async (client) => {
        await client.query(`BEGIN; LOCK TABLE "${schema}"."data.items" IN ACCESS EXCLUSIVE MODE`);
        const leaving = new AbortController();
        const counted = one.engine.reader.count(items, null, reading(leaving.signal));
        const waiting = async () => {
          const sql = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%count(*)%data.items%'`;
          // Within one transaction the activity stays as it was first seen.
          return (await onServer(server().url, (other) => other.query(sql))).rows.length;
        };
        await until(async () => (await waiting()) === 1);
        leaving.abort();
        await expect(counted).rejects.toMatchObject({ code: 'cancelled' });
        await until(async () => (await waiting()) === 0);
        await client.query('ROLLBACK');
      });
      expect(await one.count(items)).toBe(0);
    }));

  test('a commit of many changes keeps each request for itself', () =>
    withTwo(async (one) => {
      await one.use(items);
      const [a] = await one.create(items, { k: 'a', n: 1 });
      const outcomes = await one.engine.writer.commit([
        request([{ kind: 'patch', dataset: items, id: a?.id ?? '', values: new Map([[0, 'b']]), ifVersion: null }]),
        request([one.createChange(items, { k: 'b', n: 2 })]),
        request([one.createChange(items, { k: 'a', n: 3 })]),
      ]);
      expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true]);
      const [last] = outcomes.slice(-1).map((outcome) => (outcome.ok ? recordOf(outcome.results[0]) : null));
      expect(last?.row).toEqual(['a', 3]);
    }));
});
