import { tableFromIPC } from 'apache-arrow';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readerRole } from '#adapters/storage/postgres/postgres-reader-role.ts';
import { DataForgeError } from '#domain/errors.ts';
import { bytesOf } from '../support/bytes.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { describeOnPostgres, openTemporaryPostgres, type PostgresTestStore } from '../support/postgres-engine.ts';
import { onServer } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';
import { POSTGRES_ALLOWED, POSTGRES_ATTACKS } from './sql/postgres-queries.ts';
import { EVERY_TYPE, SALES, SqlWorld } from './sql/sql-world.ts';

const ENDLESS = 'SELECT count(*) FROM generate_series(1, 100000000000) AS g(x)';

const WHOLE = {
  text: 'ü"😀',
  big: 9007199254740993n,
  int: -1,
  small: 7,
  double: 0.1,
  price: 7.25,
  flag: true,
  day: '2024-02-29',
  time: '23:59:59.5',
  moment: '1960-01-02T03:04:05.678Z',
  ref: '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
  extra: { a: [1, 'x'] },
};

describeOnPostgres('on a server', (server) => {
  describe('postgres as a runner of SQL', () => {
    let opened: PostgresTestStore;
    let world: SqlWorld;
    beforeAll(async () => {
      world = await SqlWorld.open(async () => {
        opened = await openTemporaryPostgres(server());
        return opened;
      });
      await world.store.create(SALES, { region: 'north', amount: 12.5 });
      await world.store.create(SALES, { region: 'south', amount: 3 });
      await world.store.create(EVERY_TYPE, WHOLE);
      await world.store.use(dataset('secret', [property('a', 'BIGINT')]));
    });
    afterAll(() => world.dispose());

    test('reads a dataset as a view of its name, with its types and its exact values', async () => {
      const { columns, rows } = await world.ask('SELECT * FROM every_type');
      expect(columns.map(({ name, typeName }) => `${name} ${typeName}`)).toEqual([
        'id UUID',
        ...EVERY_TYPE.properties.map(
          ({ name, dbType }) => `${name} ${dbType.name === 'DECIMAL' ? 'DECIMAL(18,4)' : dbType.name}`,
        ),
        'created_at TIMESTAMP',
        'updated_at TIMESTAMP',
        'version INTEGER',
        '_seq BIGINT',
      ]);
      expect(rows[0]).toContain(
        ',"ü\\"😀",9007199254740993,-1,7,0.1,7.2500,true,"2024-02-29","23:59:59.5","1960-01-02T03:04:05.678Z",' +
          '"0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d",{"a":[1,"x"]},',
      );
    });

    test('gives what is computed its type, and what it has no type for as text', async () => {
      const sql =
        "SELECT sum(amount), count(*), NULL, '\\x6162'::bytea, ARRAY[1, 2], '2020-01-01 00:00'::timestamp FROM sales";
      const { columns, rows } = await world.ask(sql);
      expect(columns.map(({ typeName }) => typeName)).toEqual([
        'DECIMAL(38,2)',
        'BIGINT',
        'VARCHAR',
        'BLOB',
        'TEXT',
        'TIMESTAMP WITHOUT TIME ZONE',
      ]);
      expect(rows[0]).toMatch(/^\[15\.50,2,null,"YWI=","\{1,2\}","2020-01-01/);
      await expect(world.ask("SELECT 'infinity'::timestamptz")).rejects.toMatchObject({ code: 'invalid_sql' });
    });

    test('follows a dataset that changes', async () => {
      const before = dataset('changing', [property('a', 'INTEGER'), property('xmin', 'INTEGER')]);
      const after = dataset('changing', [property('a', 'BIGINT'), property('more', 'DECIMAL(30,2)')]);
      await world.store.use(before);
      world.datasets = [SALES, EVERY_TYPE, before];
      await world.ask('SELECT xmin FROM changing');
      await world.store.use(after, { acceptLoss: true });
      await world.store.create(after, { a: 1, more: 5 });
      world.datasets = [SALES, EVERY_TYPE, after];
      const { columns, rows } = await world.ask('SELECT more FROM changing');
      expect([columns[0]?.typeName, rows]).toEqual(['DECIMAL(30,2)', ['[5.00]']]);
      world.datasets = [SALES, EVERY_TYPE];
      await expect(world.ask('SELECT * FROM changing')).rejects.toMatchObject({ code: 'invalid_sql' });
    });

    test.each([
      ['SELECT ? AS a, ? AS b', ['x', 2], ['["x",2]']],
      ['SELECT $2 AS a, $1 AS b', [1, true], ['[true,1]']],
      ['SELECT $name AS a, $NAME AS b', { name: null }, ['[null,null]']],
      ['SELECT $1 + 1', [2n ** 60n], ['[1152921504606846977]']],
      ['SELECT \'?\', $1, "?", \'$1\' FROM (SELECT 5 AS "?") q', [1.5], ['["?",1.5,5,"$1"]']],
      ['SELECT $1::date + 1', ['2024-01-01'], ['["2024-01-02"]']],
    ])('binds the parameters of %s', async (sql, parameters, expected) => {
      expect((await world.ask(sql, parameters)).rows).toEqual(expected);
    });

    test.each([
      ['SELECT ?', []],
      ['SELECT 1', [1]],
      ['SELECT $a', { b: 1 }],
      ['SELECT $a, ?', [1]],
    ])('refuses parameters that do not fit %s', async (sql, parameters) => {
      await expect(world.ask(sql, parameters)).rejects.toMatchObject({ code: 'invalid_sql' });
    });

    test('describes a query without running it', async () => {
      const request = world.request('SELECT region AS r, amount, amount FROM sales WHERE amount > $least');
      const { columns, parameters } = await world.runner.describe(request);
      expect(columns.map(({ name }) => name)).toEqual(['r', 'amount', 'amount_2']);
      expect(parameters).toEqual([{ name: 'least', type: null }]);
      await world.runner.describe(world.request(`SELECT * FROM (${ENDLESS}) q`));
    });

    test('streams many rows once each and in order, and keeps to a limit', async () => {
      const sql = "SELECT x, repeat('y', 20) FROM generate_series(0, 49999) AS g(x) ORDER BY x";
      const { rows } = await world.ask(sql);
      expect(rows).toHaveLength(50_000);
      expect(rows[49_999]).toBe(`[49999,"${'y'.repeat(20)}"]`);
      expect((await world.ask(sql, [], 3)).rows).toHaveLength(3);
      expect((await world.ask(sql, [], 1000)).rows).toHaveLength(1000);
      expect((await world.ask(sql, [], 0)).rows).toHaveLength(0);
    });

    test('renders every format', async () => {
      const sql = 'SELECT x AS n, x::text AS t FROM generate_series(0, 2) AS g(x)';
      const bytes = async (format: 'arrow' | 'csv' | 'ndjson' | 'parquet') =>
        Buffer.from(await bytesOf((await world.runner.render(world.request(sql), format)).bytes));
      expect(tableFromIPC(await bytes('arrow')).numRows).toBe(3);
      expect(String(await bytes('csv'))).toBe('n,t\n0,0\n1,1\n2,2\n');
      expect(String(await bytes('ndjson')).split('\n')[1]).toBe('{"n":1,"t":"1"}');
      expect((await bytes('parquet')).subarray(0, 4).toString()).toBe('PAR1');
    });

    test('ends in the server when the caller goes', async () => {
      const leaving = new AbortController();
      setTimeout(() => leaving.abort(new DataForgeError('query_timeout', 'Too long.')), 300);
      const request = { ...world.request(ENDLESS), signal: leaving.signal };
      await expect(world.runner.run(request)).rejects.toMatchObject({ code: 'query_timeout' });
      const active = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%100000000000%' AND pid <> pg_backend_pid()`;
      await until(async () => (await onServer(server().url, (client) => client.query(active))).rows.length === 0);
    });

    test.each(POSTGRES_ALLOWED)('runs %s', async (sql) => {
      await world.ask(sql);
      expect((await world.runner.describe(world.request(sql))).columns).not.toHaveLength(0);
    });

    test.each(POSTGRES_ATTACKS)('refuses %s', async (sql) => {
      await expect(world.ask(sql)).rejects.toMatchObject({ code: 'invalid_sql' });
      await expect(world.runner.describe(world.request(sql))).rejects.toMatchObject({ code: 'invalid_sql' });
    });

    test('its role can read the views and nothing of the store, whatever is sent', async () => {
      const { url } = server();
      const { role, password } = await onServer(url, async (client) => {
        const { rows } = await client.query(
          `SELECT reader_password AS password, current_database() AS database FROM "${opened.schema}"."forge.store"`,
        );
        return { role: readerRole(rows[0].database, opened.schema), password: rows[0].password };
      });
      const reader = new pg.Client({
        connectionString: String(Object.assign(new URL(url), { username: role, password })),
      });
      await reader.connect();
      try {
        expect((await reader.query(`SELECT * FROM "${opened.schema}_sql".sales`)).rows).toHaveLength(2);
        for (const sql of [
          `SELECT * FROM "${opened.schema}"."data.sales"`,
          `SELECT * FROM "${opened.schema}"."forge.store"`,
          `DELETE FROM "${opened.schema}_sql".sales`,
          `CREATE TABLE "${opened.schema}_sql".x (a int)`,
          'SELECT * FROM pg_authid',
          'SET ROLE forge',
        ]) {
          await expect(reader.query(sql), sql).rejects.toThrow(/permission denied|must be/);
        }
      } finally {
        await reader.end();
      }
    });
  });
});
