import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import { graphqlName } from '#presentation/graphql/names.ts';
import { anyQueryCase, type QueryCase, rowText } from '../../support/any-query-case.ts';
import { ENGINES, startServer } from '../rest/support/server.ts';

/** A condition of REST as GraphQL sends it; long and exact numbers travel as strings. */
function filterOf(json: Json, types: ReadonlyMap<string, string>): Json {
  const node = json as JsonObject;
  const member = node.members[0];
  const object = (name: string, value: Json) => new JsonObject([{ name, value }]);
  if (member?.name === 'not') return object('_not', filterOf(member.value, types));
  if (member?.name === 'and' || member?.name === 'or') {
    const { items } = member.value as JsonArray;
    return object(`_${member.name}`, new JsonArray(items.map((item) => filterOf(item, types))));
  }
  const field = String(node.get('field'));
  const operator = String(node.get('operator'));
  if (operator.startsWith('is_')) return object(graphqlName(field), object('isNull', operator === 'is_null'));
  const isExact = /BIGINT|DECIMAL/.test(types.get(field) ?? '');
  const sent = (value: Json): Json => {
    if (value instanceof JsonArray) return new JsonArray(value.items.map(sent));
    return isExact && value instanceof JsonNumber ? value.text : value;
  };
  return object(graphqlName(field), object(operator, sent(node.get('value') ?? null)));
}

async function compare(engine: (typeof ENGINES)[number], { dataset, rows, queries }: QueryCase): Promise<void> {
  const types = new Map(dataset.properties.map(({ name, dbType }) => [name, formatDbType(dbType)]));
  const properties = dataset.properties.map(({ name, type, dbType }) => {
    return { name, type, db_type: formatDbType(dbType) };
  });
  const server = await startServer(engine, { files: { 'any.json': JSON.stringify({ name: 'any', properties }) } });
  try {
    const headers = { 'content-type': 'application/x-ndjson' };
    if (rows.length > 0) {
      const loaded = await server.call('POST', '/records/any/bulk', { headers, body: rows.map(rowText).join('\n') });
      expect(loaded.status).toBe(201);
    }
    for (const { filters, sort, size } of queries) {
      const sent = filters.map((filter) => filter.sent).join();
      const body = `{"filters":[${sent}],"sort":${JSON.stringify(sort)},"size":${size}}`;
      const json = { 'content-type': 'application/json' };
      const rest = await server.call('POST', '/records/any/query', { headers: json, body });
      const and = new JsonArray(filters.map((filter) => filterOf(parseJson(filter.sent), types)));
      const order = sort.map(({ field, order: direction }) => ({
        field: field === '_id' ? 'id' : graphqlName(field),
        order: direction.toUpperCase(),
      }));
      const query = `query ($filter: AnyFilter, $sort: [AnyOrder!], $size: Int) {
        listAny(filter: $filter, sort: $sort, size: $size) { items { id n } total nextCursor }
      }`;
      const variables = `{"filter":{"_and":${writeJson(and)}},"sort":${JSON.stringify(order)},"size":${size}}`;
      const graphql = await server.call('POST', '//graphql', {
        headers: json,
        body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
      });
      const page = rest.json.data;
      expect(graphql.json.data?.listAny, graphql.text).toMatchObject({
        total: page.total,
        items: page.items.map((item: { id: string; data: { n: number } }) => ({ id: item.id, n: item.data.n })),
      });
      expect(graphql.json.data.listAny.nextCursor === null).toBe(page.next_cursor === null);
    }
  } finally {
    await server.close();
  }
}

test.each(ENGINES)(
  'random filters, sorts and pages give the rows of REST on %s',
  { timeout: 120_000 },
  async (engine) => {
    await fc.assert(
      fc.asyncProperty(anyQueryCase, (queryCase) => compare(engine, queryCase)),
      { numRuns: engine === 'memory' ? 40 : 10 },
    );
  },
);
