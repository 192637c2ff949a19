import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { ALLOWED } from './sql/allowed-queries.ts';
import { ATTACKS, SCALARS, TABLE_FUNCTIONS, TABLES } from './sql/attacks.ts';
import { SALES, SqlWorld } from './sql/sql-world.ts';

let world: SqlWorld;
beforeAll(async () => {
  world = await SqlWorld.open();
  await world.store.create(SALES, { region: 'north', amount: 12.5 });
  await world.store.create(SALES, { region: 'south', amount: 3 });
});
afterAll(() => world.dispose());

async function refusalOf(sql: string): Promise<string> {
  const ran = await world.ask(sql, [], 10).then(
    (answer) => `ran and gave ${answer.rows.length} rows`,
    (error: unknown) => error,
  );
  if (!(ran instanceof DataForgeError)) throw new Error(`${sql}: ${String(ran)}`);
  if (ran.code !== 'invalid_sql') throw new Error(`${sql}: ${ran.code} ${ran.message} ${String(ran.cause)}`);
  return ran.message;
}

describe('the sandbox', () => {
  test('is tried with enough', () => {
    expect(new Set(ATTACKS).size).toBeGreaterThan(150);
    expect(new Set(ALLOWED).size).toBeGreaterThan(80);
  });

  test.each(ALLOWED)('runs %s', async (sql) => {
    await world.ask(sql, [], 10);
  });

  test.each(ATTACKS)('refuses %s', async (sql) => {
    expect(await refusalOf(sql)).toMatch(/^.{10,}[.]$/s);
  });

  test('refuses them however they are dressed', async () => {
    await fc.assert(
      fc.asyncProperty(attack, async (sql) => {
        await refusalOf(sql);
      }),
      { numRuns: 400 },
    );
  });

  test('says nothing of what lies beneath', async () => {
    for (const sql of [
      'SELECT nothing FROM sales',
      'SELECT * FROM sales s, sales t WHERE region = 1',
      'SELECT sales.x FROM sales',
    ]) {
      expect(await refusalOf(sql)).not.toMatch(/store|forge|data\.|\/tmp|LINE/);
    }
  });

  test('reads a dataset by its name even where the engine has a table of that name', async () => {
    const named = { ...SALES, name: 'duckdb_settings' };
    world.datasets = [named];
    const { columns } = await world.ask('SELECT * FROM duckdb_settings');
    expect(columns.map(({ name }) => name)).toContain('region');
    world.datasets = [SALES];
  });
});

/** The same query with other letters, blanks, comments and quotes, inside other queries. */
const blank = fc.constantFrom(' ', '\n', '\t', ' /* ; */ ', ' -- x\n', ' /**/ ', '\r\n');
const reach = fc.oneof(
  fc.constantFrom(...TABLE_FUNCTIONS).map((call) => `SELECT * FROM ${call}`),
  fc.constantFrom(...SCALARS).map((call) => `SELECT ${call} AS x`),
  fc.constantFrom(...TABLES).map((table) => `SELECT * FROM ${table}`),
);
const wrappers: readonly ((sql: string) => string)[] = [
  (sql) => `SELECT * FROM (${sql}) AS q`,
  (sql) => `WITH q AS (${sql}) SELECT * FROM q`,
  (sql) => `WITH q AS MATERIALIZED (${sql}) SELECT 1`,
  (sql) => `SELECT 1 UNION ALL (${sql})`,
  (sql) => `(${sql}) EXCEPT SELECT 1`,
  (sql) => `SELECT EXISTS (${sql})`,
  (sql) => `SELECT (${sql})`,
  (sql) => `SELECT 1 WHERE 1 IN (${sql})`,
  (sql) => `SELECT list_transform([1], lambda x: (${sql}))`,
  (sql) => `SELECT [(${sql}) FOR x IN [1]]`,
  (sql) => `SELECT * FROM sales, LATERAL (${sql}) AS q`,
  (sql) => `SELECT * FROM sales JOIN (${sql}) AS q ON true`,
  (sql) => `SELECT CASE WHEN true THEN (${sql}) END`,
  (sql) => `SELECT sum((${sql})) OVER (ORDER BY (${sql}))`,
  (sql) => `SELECT coalesce((${sql}), 1) FROM sales ORDER BY (${sql})`,
  (sql) => `VALUES ((${sql}))`,
  (sql) => `SELECT {'a': (${sql})}`,
  (sql) => `EXPLAIN ${sql}`,
  (sql) => `${sql};`,
  (sql) => `WITH RECURSIVE q AS (SELECT 1 AS x UNION ALL (${sql})) SELECT * FROM q`,
];
const attack = fc
  .record({
    sql: reach,
    wrappers: fc.array(fc.constantFrom(...wrappers), { maxLength: 3 }),
    blanks: fc.array(blank, { minLength: 1, maxLength: 8 }),
    upper: fc.array(fc.boolean(), { minLength: 1, maxLength: 16 }),
  })
  .map(({ sql, wrappers: around, blanks, upper }) => {
    const nested = around.reduce((inner, wrap) => wrap(inner), sql);
    return dressed(nested, blanks, upper);
  });

/** Changes what stands outside quotes. */
function dressed(sql: string, blanks: readonly string[], upper: readonly boolean[]): string {
  let at = 0;
  const parts = sql.split(/('[^']*'|"[^"]*")/);
  return parts
    .map((part, index) => {
      if (index % 2 === 1) return part;
      const spaced = part.replace(/ /g, () => blanks[at++ % blanks.length] ?? ' ');
      return [...spaced].map((letter, place) => (upper[place % upper.length] ? letter.toUpperCase() : letter)).join('');
    })
    .join('');
}
