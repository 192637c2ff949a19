import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '#domain/query/cursor.ts';
import { parseFilter } from '#domain/query/parse-filter.ts';
import { parseSort } from '#domain/query/parse-sort.ts';
import type { PageQuery } from '#domain/query/query.ts';
import { jsonFrom, parseJson } from '#domain/record/json.ts';
import { type AnyQuery, anyQueryCase, type QueryCase, rowText } from '../support/any-query-case.ts';
import { textOf } from '../support/bytes.ts';
import { answer, type OracleRow } from '../support/oracle.ts';
import { reading, StoreDriver } from '../support/store-driver.ts';
import type { OpenedEngine } from './storage/contract-context.ts';

/** Compares what an engine answers with what the oracle does, over datasets, rows and queries made at random. */
export function describeQueryOracle(
  name: string,
  open: () => Promise<OpenedEngine>,
  options: { readonly runs: number },
): void {
  test(`${name} answers queries as the oracle does`, async () => {
    await fc.assert(
      fc.asyncProperty(anyQueryCase, async (queryCase) => {
        const { engine, dispose } = await open();
        try {
          await checkCase(new StoreDriver(engine), queryCase);
        } finally {
          await dispose();
        }
      }),
      { numRuns: options.runs },
    );
  }, 600_000);
}

async function checkCase(store: StoreDriver, { dataset, rows, queries }: QueryCase): Promise<void> {
  await store.use(dataset);
  if (rows.length > 0) await store.load(dataset, rows.map((row) => `${rowText(row)}\n`).join(''));
  const shown = (await store.page(dataset, { sort: [{ field: 'n' }] })).records;
  expect(shown.length).toBe(rows.length);
  const oracleRows = rows.map((row, n): OracleRow => {
    const { id = '', json = '' } = shown[n] ?? {};
    for (const { name, dbType } of dataset.properties) {
      const wanted = shownIn(`{"data":{"x":${row[name]?.shown}}}`, 'x');
      expect(comparable(shownIn(json, name), dbType.name)).toEqual(comparable(wanted, dbType.name));
    }
    return { id, keys: Object.fromEntries(Object.entries(row).map(([property, cell]) => [property, cell.key])) };
  });
  for (const query of queries) await checkQuery(store, dataset, oracleRows, query);
}

async function checkQuery(
  store: StoreDriver,
  dataset: QueryCase['dataset'],
  rows: readonly OracleRow[],
  { filters, sort, size }: AnyQuery,
): Promise<void> {
  const limits = { maxConditions: 1000, maxDepth: 50, maxListLength: 1000 };
  const filter = parseFilter(dataset, parseJson(`[${filters.map(({ sent }) => sent).join()}]`), limits);
  const query = { dataset, filter, sort: parseSort(dataset, jsonFrom(sort), { maxKeys: 10 }), fields: null };
  const { reader } = store.engine;
  const expected = answer(
    rows,
    filters.map(({ oracle }) => oracle),
    sort,
  ).map((row) => row.id);

  expect(await reader.count(dataset, filter, reading())).toBe(expected.length);
  const read = async (start: PageQuery['start']) => {
    const page = await reader.page({ ...query, size, start }, reading());
    expect(page.total).toBe(expected.length);
    return page;
  };
  for (let offset = 0; offset <= expected.length; offset += size) {
    const page = await read({ kind: 'offset', offset });
    expect(page.records.map(({ id }) => id)).toEqual(expected.slice(offset, offset + size));
  }
  const followed: string[] = [];
  let page = await read({ kind: 'offset', offset: 0 });
  while (page.last !== null && followed.length <= expected.length) {
    followed.push(...page.records.map(({ id }) => id));
    page = await read({ kind: 'after', position: decodeCursor(query, encodeCursor(query, page.last)) });
  }
  expect(followed).toEqual(expected);

  const stream = async (limit: number | null) => {
    const text = await textOf(reader.stream({ ...query, limit }, 'ndjson', reading()));
    return text.split('\n').flatMap((line) => (line === '' ? [] : [String(JSON.parse(line).id)]));
  };
  const streamed = await stream(null);
  expect(sort.length === 0 ? streamed.toSorted() : streamed).toEqual(
    sort.length === 0 ? expected.toSorted() : expected,
  );
  if (sort.length > 0) expect(await stream(size)).toEqual(expected.slice(0, size));
  else expect(await stream(size)).toHaveLength(Math.min(size, expected.length));
}

/** A property as a record shows it: numbers as they are written, digit by digit. */
function shownIn(json: string, property: string): unknown {
  const record = JSON.parse(json, (_, value, context?: { source?: string }) =>
    typeof value === 'number' ? context?.source : value,
  );
  return Object.getOwnPropertyDescriptor(record.data, property)?.value;
}

/** Doubles may be written in several ways; they are the same where they are the same number. */
function comparable(shown: unknown, type: string): unknown {
  return type === 'DOUBLE' && shown !== null ? Number(shown) : shown;
}
