import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { bytesOf } from '../support/bytes.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { openTemporarySqlite } from '../support/sqlite-engine.ts';
import { ATTACKS } from './sql/attacks.ts';
import { EVERY_TYPE, SALES, SqlWorld } from './sql/sql-world.ts';
import { HARMLESS_IN_SQLITE, SQLITE_ALLOWED, SQLITE_ATTACKS } from './sql/sqlite-queries.ts';

const ENDLESS = 'WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
const COUNTED = (rows: number) =>
  `WITH RECURSIVE n AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM n WHERE i < ${rows - 1})`;

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

let world: SqlWorld;
beforeAll(async () => {
  world = await SqlWorld.open(openTemporarySqlite);
  await world.store.create(SALES, { region: 'north', amount: 12.5 });
  await world.store.create(SALES, { region: 'south', amount: 3 });
  await world.store.create(EVERY_TYPE, WHOLE);
});
afterAll(() => world.dispose());

describe('sqlite as a runner of SQL', () => {
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

  test('gives the types of what it computes by the first rows', async () => {
    const { columns, rows } = await world.ask(
      "SELECT sum(amount), count(*), upper(region), NULL, x'6162', amount FROM sales GROUP BY region ORDER BY region",
    );
    expect(columns.map(({ typeName }) => typeName)).toEqual([
      'DOUBLE',
      'BIGINT',
      'VARCHAR',
      'NULL',
      'BLOB',
      'DECIMAL(10,2)',
    ]);
    expect(rows).toEqual(['[12.5,1,"NORTH",null,"YWI=",12.50]', '[3,1,"SOUTH",null,"YWI=",3.00]']);
  });

  test('a column whose later rows are of another type is told of, never bent', async () => {
    const sql = `${COUNTED(5000)} SELECT CASE WHEN i = 4000 THEN 'text' ELSE i END AS c FROM n`;
    await expect(world.ask(sql)).rejects.toThrow(/"c" has BIGINTs in its first rows and something else later; cast it/);
  });

  test('shows instants as the functions of time take them', async () => {
    const { rows } = await world.ask("SELECT moment || '', unixepoch(moment), date(moment) FROM every_type");
    expect(rows).toEqual(['["1960-01-02 03:04:05.678",-315521755,"1960-01-02"]']);
  });

  test('follows a dataset that changes', async () => {
    const before = dataset('changing', [property('a', 'BIGINT')]);
    const after = dataset('changing', [property('a', 'BIGINT'), property('more', 'DECIMAL(30,2)')]);
    await world.store.use(before);
    world.datasets = [SALES, EVERY_TYPE, before];
    await world.ask('SELECT * FROM changing');
    await world.store.use(after);
    await world.store.create(after, { a: 1, more: 5 });
    world.datasets = [SALES, EVERY_TYPE, after];
    const { columns, rows } = await world.ask('SELECT more FROM changing');
    expect([columns[0]?.typeName, rows]).toEqual(['DECIMAL(30,2)', ['[5.00]']]);
    world.datasets = [SALES, EVERY_TYPE];
    await expect(world.ask('SELECT * FROM changing')).rejects.toMatchObject({ code: 'invalid_sql' });
  });

  test.each([
    ['SELECT ? AS a, ? AS b', ['x', 2], ['["x",2]']],
    ['SELECT $2 AS a, ?1 AS b', [1, true], ['[1,1]']],
    ['SELECT $name AS a, :NAME AS b', { name: null }, ['[null,null]']],
    ['SELECT $1 + 1', [2n ** 60n], ['[1152921504606846977]']],
    ['SELECT \'?\', $1, "?" FROM (SELECT 5 AS "?")', [1.5], ['["?",1.5,5]']],
  ])('binds the parameters of %s', async (sql, parameters, expected) => {
    expect((await world.ask(sql, parameters)).rows).toEqual(expected);
  });

  test.each([
    ['SELECT ?', []],
    ['SELECT 1', [1]],
    ['SELECT $a', { b: 1 }],
    ['SELECT $a, ?', [1]],
    ['SELECT ?', [2n ** 64n]],
  ])('refuses parameters that do not fit %s', async (sql, parameters) => {
    await expect(world.ask(sql, parameters)).rejects.toMatchObject({ code: 'invalid_sql' });
  });

  test('describes a query without running it', async () => {
    const request = world.request('SELECT region AS r, amount, amount FROM sales WHERE amount > $least');
    const { columns, parameters } = await world.runner.describe(request);
    expect(columns.map(({ name, typeName }) => `${name} ${typeName}`)).toEqual([
      'r VARCHAR',
      'amount DECIMAL(10,2)',
      'amount_2 DECIMAL(10,2)',
    ]);
    expect(parameters.map(({ name }) => name)).toEqual(['least']);
    const computed = await world.runner.describe(world.request('SELECT count(*), sum(amount) FROM sales'));
    expect(computed.columns.map(({ typeName }) => typeName)).toEqual(['BIGINT', 'DOUBLE']);
  });

  test('what a column holds does not depend on how many rows are wanted', async () => {
    const sql = `${COUNTED(100)} SELECT CASE WHEN i > 5 THEN i END AS c FROM n`;
    for (const limit of [0, 1, 1000]) expect((await world.ask(sql, [], limit)).columns[0]?.typeName).toBe('BIGINT');
  });

  test('cuts at a limit, and streams more rows than a batch holds, once each and in order', async () => {
    expect((await world.ask(`${COUNTED(100)} SELECT i FROM n ORDER BY i DESC`, [], 2)).rows).toEqual(['[99]', '[98]']);
    const { rows } = await world.ask(`${COUNTED(100_000)} SELECT i, 'x' || i FROM n`);
    expect(rows).toHaveLength(100_000);
    rows.forEach((row, i) => {
      if (row !== `[${i},"x${i}"]`) throw new Error(`row ${i}: ${row}`);
    });
  });

  test('renders Arrow, CSV, NDJSON and Parquet alike', async () => {
    const sql = `${COUNTED(3)} SELECT i AS n, 't' || i AS t, NULL AS z FROM n`;
    const bytes = async (format: 'arrow' | 'csv' | 'ndjson' | 'parquet') =>
      bytesOf((await world.runner.render(world.request(sql), format)).bytes);
    const table = tableFromIPC(await bytes('arrow'));
    expect(table.toArray().map((row) => [Number(row.n), row.t, row.z])).toEqual([
      [0, 't0', null],
      [1, 't1', null],
      [2, 't2', null],
    ]);
    expect(Buffer.from(await bytes('csv')).toString()).toBe('n,t,z\n0,t0,\n1,t1,\n2,t2,\n');
    expect(Buffer.from(await bytes('ndjson')).toString()).toMatch(/^{"n":0,"t":"t0","z":null}\n/);
    expect(
      Buffer.from(await bytes('parquet'))
        .subarray(0, 4)
        .toString(),
    ).toBe('PAR1');
  });

  test('ends when its caller leaves, whatever it does, and can be asked again', async () => {
    for (const sql of [ENDLESS, ENDLESS.replace('count(*)', 'i')]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 150);
      const running = (async () => {
        const { batches } = await world.runner.run({ ...world.request(sql), signal: controller.signal });
        for await (const batch of batches) expect(batch.length).toBeGreaterThan(0);
      })();
      await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    }
    expect((await world.ask('SELECT 1')).rows).toEqual(['[1]']);
  });

  test('a consumer that stops early ends the query', async () => {
    for (let round = 0; round < 10; round++) {
      const { batches } = await world.runner.run(world.request(ENDLESS.replace('count(*)', 'i')));
      for await (const batch of batches) if (batch.length > 0) break;
    }
    expect((await world.ask('SELECT 1')).rows).toEqual(['[1]']);
  });

  test('sorts more than it has memory for on disk', async () => {
    const sql = `${COUNTED(500_000)} SELECT i, printf('%0100d', i * 7919 % 500000) AS t FROM n ORDER BY t DESC`;
    expect((await world.ask(`SELECT max(i), count(*) FROM (${sql} LIMIT 400000)`)).rows).toHaveLength(1);
    expect((await world.ask(sql, [], 1)).rows).toHaveLength(1);
  });

  test('a query that needs more memory than it may take is ended, and the server is well', async () => {
    const sql = `${COUNTED(3_000_000)} SELECT group_concat(i || 'xxxxxxxxxxxxxxxxxxxxxxxx') FROM n`;
    await expect(world.ask(sql)).rejects.toMatchObject({ code: 'resources_exhausted' });
    expect((await world.ask('SELECT 1')).rows).toEqual(['[1]']);
  });
});

async function refusalOf(sql: string): Promise<string> {
  const ran = await world.ask(sql, [], 10).then(
    (answer) => `ran and gave ${answer.rows.length} rows`,
    (error: unknown) => error,
  );
  if (!(ran instanceof DataForgeError)) throw new Error(`${sql}: ${String(ran)}`);
  if (ran.code !== 'invalid_sql' && ran.code !== 'resources_exhausted') throw new Error(`${sql}: ${ran.code}`);
  return ran.message;
}

describe('the sandbox of sqlite', () => {
  const attacks = [...SQLITE_ATTACKS, ...ATTACKS.filter((sql) => !HARMLESS_IN_SQLITE.has(sql))];

  test.each(SQLITE_ALLOWED)('runs %s', async (sql) => {
    await world.ask(sql, [], 10);
  });

  test('refuses every attack, and says nothing of what lies beneath', async () => {
    expect(attacks.length).toBeGreaterThan(300);
    for (const sql of attacks) {
      const message = await refusalOf(sql);
      expect(message, sql).toMatch(/^.{10,}[.]$/s);
      expect(message.replaceAll(sql, ''), sql).not.toMatch(/data-forge-|\/tmp|store\.sqlite/);
    }
  });

  test('refuses them however they are dressed', async () => {
    await fc.assert(
      fc.asyncProperty(attack, async (sql) => {
        await refusalOf(sql);
      }),
      { numRuns: 300 },
    );
  });
});

const REACHES = [
  '"data.sales"',
  '"history.sales"',
  '"forge.meta"',
  'main."forge.marks"',
  'sqlite_master',
  'main.sqlite_schema',
  'pragma_database_list',
  "pragma_table_info('data.sales')",
  'dbstat',
] as const;
const CALLS = ["load_extension('x')", 'sqlite_version()', "readfile('x')", 'changes()', "fts3_tokenizer('a')"] as const;
const blank = fc.constantFrom(' ', '\n', '\t', ' /* ; */ ', ' -- x\n', ' /**/ ');
const WRAPPERS: readonly ((sql: string) => string)[] = [
  (sql) => `SELECT * FROM (${sql}) AS sales`,
  (sql) => `WITH sales AS (${sql}) SELECT * FROM sales`,
  (sql) => `WITH q AS MATERIALIZED (${sql}) SELECT * FROM q`,
  (sql) => `SELECT 1 UNION ALL SELECT * FROM (${sql})`,
  (sql) => `SELECT EXISTS (${sql})`,
  (sql) => `SELECT (${sql})`,
  (sql) => `SELECT 1 WHERE 1 IN (${sql})`,
  (sql) => `SELECT * FROM sales JOIN (${sql}) AS q`,
  (sql) => `SELECT CASE WHEN 1 THEN (${sql}) END`,
  (sql) => `SELECT sum((${sql})) OVER (ORDER BY (${sql}))`,
  (sql) => `VALUES ((${sql}))`,
  (sql) => `EXPLAIN QUERY PLAN ${sql}`,
  (sql) => `SELECT * FROM json_each((${sql}))`,
  (sql) => `${sql};`,
];
const attack = fc
  .record({
    reach: fc.oneof(
      fc.constantFrom(...REACHES).map((table) => `SELECT * FROM ${table}`),
      fc.constantFrom(...REACHES.slice(0, 5)).map((table) => `SELECT count(*) FROM ${table}`),
      fc.constantFrom(...CALLS).map((call) => `SELECT ${call}`),
    ),
    wrappers: fc.array(fc.constantFrom(...WRAPPERS), { maxLength: 3 }),
    blanks: fc.array(blank, { minLength: 1, maxLength: 8 }),
  })
  .map(({ reach, wrappers, blanks }) => {
    let at = 0;
    const nested = wrappers.reduce((inner, wrap) => wrap(inner), reach);
    return nested
      .split(/('[^']*'|"[^"]*")/)
      .map((part, index) => (index % 2 === 1 ? part : part.replace(/ /g, () => blanks[at++ % blanks.length] ?? ' ')))
      .join('');
  });
