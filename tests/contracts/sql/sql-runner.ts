import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { bytesOf } from '../../support/bytes.ts';
import { property } from '../../support/dataset-builders.ts';
import { anyColumn } from './any-value.ts';
import { EVERY_TYPE, SALES, type SqlWorld } from './sql-world.ts';

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
  moment: '2024-01-02T03:04:05.678Z',
  ref: '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
  extra: { a: [1, 'x'] },
};

/** What a runner of people's SQL must do, whatever is behind it. */
export function describeSqlRunner(name: string, open: () => Promise<SqlWorld>): void {
  describe(`${name} as a runner of SQL`, () => {
    let world: SqlWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.dispose());

    test('reads a dataset as a view of its name, with its types and its exact values', async () => {
      await world.store.create(EVERY_TYPE, WHOLE);
      const { columns, rows } = await world.ask('SELECT * FROM every_type');
      expect(columns.map((column) => `${column.name} ${column.typeName}`)).toEqual([
        'id UUID',
        ...EVERY_TYPE.properties.map(
          ({ name: column, dbType }) => `${column} ${dbType.name === 'DECIMAL' ? 'DECIMAL(18,4)' : dbType.name}`,
        ),
        'created_at TIMESTAMP',
        'updated_at TIMESTAMP',
        'version INTEGER',
        '_seq BIGINT',
      ]);
      expect(rows[0]).toContain(
        ',"ü\\"😀",9007199254740993,-1,7,0.1,7.2500,true,"2024-02-29","23:59:59.5","2024-01-02T03:04:05.678Z",' +
          '"0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d",{"a":[1,"x"]},',
      );
    });

    test('gives the id another name where a property has it', async () => {
      const named = { ...SALES, name: 'named', tableName: 'named', properties: [property('ID', 'BIGINT')] };
      await world.store.use(named);
      world.datasets = [named];
      const { columns } = await world.ask('SELECT * FROM named');
      expect(columns.map((column) => column.name)).toEqual([
        '_id',
        'ID',
        'created_at',
        'updated_at',
        'version',
        '_seq',
      ]);
    });

    test('follows a dataset that changes', async () => {
      await world.ask('SELECT * FROM sales');
      const wider = { ...SALES, properties: [...SALES.properties, property('more', 'BIGINT')] };
      await world.store.use(wider);
      world.datasets = [wider];
      expect((await world.ask('SELECT more FROM sales')).columns[0]?.typeName).toBe('BIGINT');
      world.datasets = [];
      await expect(world.ask('SELECT * FROM sales')).rejects.toMatchObject({ code: 'invalid_sql' });
    });

    test.each([
      ['SELECT ? AS a, ? AS b', ['x', 2], ['["x",2]']],
      ['SELECT $2 AS a, $1 AS b', [1, true], ['[true,1]']],
      ['SELECT $name AS a, $NAME AS b', { name: null }, ['[null,null]']],
      ['SELECT $1 + 1', [2n ** 60n], ['[1152921504606846977]']],
      ['SELECT $1::DATE + 1', ['2024-01-01'], ['["2024-01-02"]']],
      ['SELECT $1, 1 AS a, 2 AS a', [1.5], ['[1.5,1,2]']],
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
      expect(columns.map((column) => column.name)).toEqual(['r', 'amount', 'amount_2']);
      expect(parameters.map(({ name }) => name)).toEqual(['least']);
    });

    test('keeps the order of a query whose rows are limited', async () => {
      const { rows } = await world.ask('SELECT x FROM range(100000) AS r(x) ORDER BY x DESC', [], 3);
      expect(rows).toEqual(['[99999]', '[99998]', '[99997]']);
    });

    test('streams more rows than a batch holds, once each and in order', async () => {
      const { rows } = await world.ask("SELECT i, i % 7 = 0, [i, i + 1], repeat('x', 20) FROM range(200000) AS r(i)");
      expect(rows).toHaveLength(200_000);
      rows.forEach((row, i) => {
        if (row !== `[${i},${i % 7 === 0},[${i},${i + 1}],"${'x'.repeat(20)}"]`) throw new Error(`row ${i}: ${row}`);
      });
    });

    test('gives every value of every type back as it is, wherever it lies in a batch', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyColumn, { minLength: 1, maxLength: 3 }), async (columns) => {
          const picked = columns.map(({ type, values }, at) => {
            const choices = values.map(({ sql }) => `CAST(${sql} AS ${type})`).join(', ');
            return `[${choices}][i % ${values.length} + 1] AS c${at}`;
          });
          const { rows } = await world.ask(`SELECT ${picked.join(', ')} FROM range(4500) AS r(i)`);
          expect(rows).toHaveLength(4500);
          rows.forEach((row, i) => {
            const wanted = columns.map(({ values }) => values[i % values.length]?.json);
            if (row !== `[${wanted.join(',')}]`) throw new Error(`row ${i}: ${row} is not [${wanted.join(',')}]`);
          });
        }),
        { numRuns: 60 },
      );
    }, 60_000);

    test('renders Arrow, CSV and NDJSON alike', async () => {
      const sql = 'SELECT i AS n, i::VARCHAR AS t, [i] AS l, NULL AS z FROM range(3) AS r(i)';
      const bytes = async (format: 'arrow' | 'csv' | 'ndjson') =>
        bytesOf((await world.runner.render(world.request(sql), format)).bytes);
      const table = tableFromIPC(await bytes('arrow'));
      expect(table.toArray().map((row) => [Number(row.n), row.t, [...row.l].map(Number), row.z])).toEqual(
        [0, 1, 2].map((i) => [i, String(i), [i], null]),
      );
      expect(Buffer.from(await bytes('csv')).toString()).toBe('n,t,l,z\n0,0,[0],\n1,1,[1],\n2,2,[2],\n');
      expect(
        Buffer.from(await bytes('ndjson'))
          .toString()
          .split('\n')[1],
      ).toBe('{"n":1,"t":"1","l":[1],"z":null}');
    });

    test('renders Parquet', async () => {
      const { bytes } = await world.runner.render(world.request('SELECT sum(1) AS s, INTERVAL 1 DAY AS i'), 'parquet');
      expect(
        Buffer.from(await bytesOf(bytes))
          .subarray(0, 4)
          .toString(),
      ).toBe('PAR1');
    });

    test('a number past 38 digits says to cast', async () => {
      const asked = world.ask('SELECT 170141183460469231731687303715884105727::HUGEINT');
      await expect(asked).rejects.toThrow(/cast it to VARCHAR/);
    });

    test('ends when its caller leaves, and can be asked again', async () => {
      const controller = new AbortController();
      const endless = 'SELECT count(*) FROM range(100000000000) AS a(x) WHERE hash(x) = 1';
      const { batches } = await world.runner.run({ ...world.request(endless), signal: controller.signal });
      const reading = batches[Symbol.asyncIterator]().next();
      setTimeout(() => controller.abort(), 100);
      await expect(reading).rejects.toBeInstanceOf(DataForgeError);
      expect((await world.ask('SELECT 1')).rows).toEqual(['[1]']);
    });

    test('never gives a part for the whole, whenever its caller leaves', async () => {
      for (let round = 0; round < 40; round++) {
        const controller = new AbortController();
        const long = world.request('SELECT x FROM range(100000000000) AS r(x)');
        const { batches } = await world.runner.run({ ...long, signal: controller.signal });
        const reading = (async () => {
          let read = 0;
          for await (const batch of batches) {
            expect(batch.length).toBeGreaterThan(0);
            if (++read === round % 10) setImmediate(() => controller.abort());
          }
        })();
        if (round % 10 === 0) setTimeout(() => controller.abort(), round % 8);
        await expect(reading, `round ${round}`).rejects.toBeInstanceOf(DataForgeError);
      }
    });

    test('a consumer that stops early ends the query', async () => {
      for (let round = 0; round < 10; round++) {
        const { batches } = await world.runner.run(world.request('SELECT x FROM range(100000000) AS r(x)'));
        for await (const batch of batches) if (batch.length > 0) break;
      }
      expect((await world.ask('SELECT 1')).rows).toEqual(['[1]']);
    });
  });
}
