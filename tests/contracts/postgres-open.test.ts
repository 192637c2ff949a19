import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPostgresEngine } from '#adapters/storage/postgres/postgres-engine.ts';
import { loadParquetCodec } from '#adapters/storage/registry.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { describeOnPostgres, openTemporaryPostgres } from '../support/postgres-engine.ts';
import { onServer } from '../support/postgres-server.ts';
import { StoreDriver } from '../support/store-driver.ts';

const items = dataset('items', [property('a', 'INTEGER')]);

describeOnPostgres('opening a store in PostgreSQL', (server) => {
  const open = (url: string, schema = 'refused') =>
    openPostgresEngine({
      url,
      schema,
      connections: 5,
      dataDir: join(tmpdir(), 'data-forge-postgres-open'),
      gate: { run: (_, work) => work() },
      compilePattern: compileRe2,
      parquet: loadParquetCodec,
    });

  test.each([
    ['an address where nothing is', (url: URL) => Object.assign(url, { port: '1' }), 'unavailable', /to be reached at/],
    [
      'a name that is none',
      (url: URL) => Object.assign(url, { hostname: 'nowhere.invalid' }),
      'unavailable',
      /reached/,
    ],
    ['a wrong password', (url: URL) => Object.assign(url, { password: 'wrong' }), 'invalid_configuration', /password/],
    [
      'no such database',
      (url: URL) => Object.assign(url, { pathname: '/nothing' }),
      'invalid_configuration',
      /no such/,
    ],
    ['another protocol', (url: URL) => `mysql://${url.host}/x`, 'invalid_configuration', /begin with postgres/],
  ])('%s is refused in one sentence without the password', async (_, change, code, message) => {
    const url = new URL(server().url);
    const { password } = url;
    const refused = await open(String(change(url))).catch((error) => error);
    expect(refused).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(refused.message).not.toContain(decodeURIComponent(password));
  });

  test('a database of another encoding is refused', async () => {
    const { url } = server();
    await onServer(url, (client) =>
      client.query(`CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`),
    );
    const latin = Object.assign(new URL(url), { pathname: '/latin' });
    await expect(open(String(latin))).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining("ENCODING 'UTF8'"),
    });
    await onServer(url, (client) => client.query('DROP DATABASE latin'));
  });

  test('a user who may not make roles has all but SQL', async () => {
    const { url } = server();
    await onServer(url, async (client) => {
      await client.query("CREATE ROLE plain LOGIN PASSWORD 'plain'");
      await client.query(`CREATE DATABASE plain OWNER plain ENCODING 'UTF8' TEMPLATE template0`);
    });
    const plain = Object.assign(new URL(url), { username: 'plain', password: 'plain', pathname: '/plain' });
    const engine = await open(String(plain));
    const store = new StoreDriver(engine);
    await store.use(items);
    await store.create(items, { a: 1 });
    expect(await store.count(items)).toBe(1);
    const { signal } = new AbortController();
    const asked = engine.sql?.run({ sql: 'SELECT 1', parameters: [], datasets: [items], limit: null, signal });
    await expect(asked).rejects.toMatchObject({ code: 'unsupported_by_engine' });
    await engine.maintenance.close();
    await onServer(url, async (client) => {
      await client.query('DROP DATABASE plain WITH (FORCE)');
      await client.query('DROP ROLE plain');
    });
  });

  test('a store of a newer version is refused', async () => {
    const store = await openTemporaryPostgres(server());
    await onServer(server().url, (client) => client.query(`UPDATE "${store.schema}"."forge.store" SET format = 1000`));
    await expect(open(server().url, store.schema)).rejects.toMatchObject({ code: 'store_newer' });
    await store.dispose();
  });
});
