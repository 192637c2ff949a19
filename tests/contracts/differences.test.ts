import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import { parseAggregation } from '#domain/query/parse-aggregation.ts';
import { jsonFrom } from '#domain/record/json.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { tableUnder } from '../docs/support/pages.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { openTemporaryDuckDb } from '../support/duckdb-engine.ts';
import { openTemporarySqlite } from '../support/sqlite-engine.ts';
import { reading, StoreDriver } from '../support/store-driver.ts';
import type { OpenedEngine } from './storage/contract-context.ts';

const numbers = dataset('numbers', [property('n', 'DOUBLE')]);

const sums = dataset('sums', [property('n', 'DOUBLE')]);

type Stores = Readonly<Record<'memory' | 'duckdb' | 'sqlite', StoreDriver>>;

/** Each thing in which engines are known to differ, as a test that the stories would have to pass without it. */
const DIFFERENCES: Readonly<Record<string, (stores: Stores) => Promise<void>>> = {
  'Parquet on `memory`': async ({ memory }) => {
    expect(await memory.text(numbers, 'parquet')).toContain('PAR1');
  },
  'how a DOUBLE is written in text': async ({ memory, duckdb }) => {
    const [one, other] = [await memory.text(numbers, 'ndjson-flat'), await duckdb.text(numbers, 'ndjson-flat')];
    expect(one.match(/"n":[^,]+/g)).toEqual(other.match(/"n":[^,]+/g));
  },
  'sums and means of DOUBLE': async ({ memory, sqlite }) => {
    const measures = jsonFrom([{ function: 'sum', field: 'n' }]);
    const parsed = parseAggregation(sums, { groupBy: null, measures, sort: null });
    const query = { dataset: sums, filter: null, ...parsed, limit: 1 };
    const [one, other] = [memory, sqlite].map(({ engine }) => engine.reader.aggregate(query, reading()));
    expect(await one).toEqual(await other);
  },
  'a broken JSON array': async ({ memory, duckdb }) => {
    const body = '[{"n": nul}, {"n": "a}]';
    const messages = [memory, duckdb].map((store) =>
      store.load(numbers, body, { format: 'json', pieces: 3 }).catch((error: Error) => error.message),
    );
    const [one, other] = await Promise.all(messages);
    expect(one).toBe(other);
  },
};

describe('what is known to differ', () => {
  let opened: readonly OpenedEngine[];
  let stores: Stores;
  beforeAll(async () => {
    const [duckdb, sqlite] = await Promise.all([openTemporaryDuckDb(), openTemporarySqlite()]);
    opened = [duckdb, sqlite];
    stores = {
      memory: new StoreDriver(new MemoryEngine({ compilePattern: compileRe2 })),
      duckdb: new StoreDriver(duckdb.engine),
      sqlite: new StoreDriver(sqlite.engine),
    };
    for (const store of Object.values(stores)) {
      await store.use(numbers);
      await store.use(sums);
      await store.load(sums, '{"n":1e16}\n{"n":1}\n{"n":-1e16}\n');
      await store.load(numbers, '{"n":5}\n{"n":1e300}\n{"n":1e-9}\n');
    }
  });
  afterAll(() => Promise.all(opened.map(({ dispose }) => dispose())));

  test.fails.each(Object.entries(DIFFERENCES))('%s', async (_, same) => {
    await same(stores);
  });

  test('is listed with its reason', () => {
    const listed = tableUnder('docs/reference/engines.md', 'Where they differ').map(([what]) => what);
    expect(listed).toEqual(Object.keys(DIFFERENCES));
  });
});
