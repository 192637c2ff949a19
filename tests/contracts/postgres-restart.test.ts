import { expect, test } from 'vitest';
import { dataset, property } from '../support/dataset-builders.ts';
import { describeOnPostgres, openTemporaryPostgres } from '../support/postgres-engine.ts';
import { StoreDriver } from '../support/store-driver.ts';
import { until } from '../support/until.ts';

const items = dataset('items', [property('n', 'INTEGER')]);

describeOnPostgres('a server of PostgreSQL that restarts', (server) => {
  test('requests in flight may be sent again, the next work, and followers hear on', async ({ skip }) => {
    const { restart } = server();
    if (restart === null) return skip('the server of DATABASE_URL is not ours to stop');
    const opened = await openTemporaryPostgres(server());
    const store = new StoreDriver(opened.engine);
    const other = new StoreDriver(await opened.join());
    await store.use(items);
    const [before] = await store.create(items, { n: 1 });
    let heard = 0;
    other.engine.changes.subscribe((head) => {
      heard = head;
    });
    let answered = 0;
    const failures: unknown[] = [];
    let isWriting = true;
    const writing = (async () => {
      while (isWriting && failures.length === 0) {
        await store.create(items, { n: 2 }).then(
          () => answered++,
          (error) => failures.push(error),
        );
      }
    })();
    await until(() => answered > 3);
    await restart.stop();
    await until(() => failures.length > 0);
    isWriting = false;
    await writing;
    expect(failures[0]).toMatchObject({ code: 'unavailable', retryable: true });
    await expect(store.count(items)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    expect(await opened.engine.maintenance.health()).toMatchObject({ ok: false });
    await restart.start();
    await until(() =>
      store.count(items).then(
        (count) => count > answered,
        () => false,
      ),
    );
    expect(await store.find(items, before?.id ?? '')).toMatchObject({ data: { n: 1 } });
    const [after] = await store.create(items, { n: 3 });
    await until(() => heard >= (after?.seq ?? Number.POSITIVE_INFINITY));
    const [last] = await store.create(items, { n: 4 });
    await until(() => heard >= (last?.seq ?? Number.POSITIVE_INFINITY));
    await opened.dispose();
  });
});
