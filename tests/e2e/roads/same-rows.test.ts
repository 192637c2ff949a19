import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import { DESCRIPTOR_COMMAND } from '#formats/flight/flight-messages.ts';
import { graphqlName } from '#presentation/graphql/names.ts';
import { type AnyQuery, anyQueryCase, type QueryCase, rowText } from '../../support/any-query-case.ts';
import { FlightClient } from '../flight/flight-client.ts';
import { ENGINES, type EngineName, startServer, type TestServer } from '../rest/support/server.ts';
import { Client } from '../websocket/client.ts';

const FORGE = fileURLToPath(new URL('../../../src/presentation/cli/main.ts', import.meta.url));

/** A query as the API takes it: filters and sort as JSON. */
interface Asked {
  readonly filters: string;
  readonly sort: string;
  readonly size: number;
}

/** Every way to ask for the first rows of a query; each gives their ids in order. */
interface Road {
  readonly name: string;
  ids(asked: Asked, query: AnyQuery): Promise<string[]>;
}

function roadsOf(server: TestServer, types: ReadonlyMap<string, string>, client: Client, flight: FlightClient): Road[] {
  const headers = { 'content-type': 'application/json' };
  let count = 0;
  return [
    {
      name: 'REST page',
      ids: async ({ filters, sort, size }) => {
        const body = `{"filters":${filters},"sort":${sort},"size":${size}}`;
        const { json, text } = await server.call('POST', '/records/any/query', { headers, body });
        expect(json.success, text).toBe(true);
        return json.data.items.map(({ id }: { id: string }) => id);
      },
    },
    {
      name: 'REST stream',
      ids: async ({ filters, sort, size }) => {
        const address = new URLSearchParams({ filters, sort, limit: String(size) });
        const { text } = await server.get(`/records/any/stream?${address}`);
        return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).id]));
      },
    },
    {
      name: 'GraphQL',
      ids: async ({ size }, { filters, sort }) => {
        const and = new JsonArray(filters.map((filter) => filterOf(parseJson(filter.sent), types)));
        const order = sort.map(({ field, order: direction }) => ({
          field: field === '_id' ? 'id' : graphqlName(field),
          order: direction.toUpperCase(),
        }));
        const query = `query ($filter: AnyFilter, $sort: [AnyOrder!], $size: Int) {
          listAny(filter: $filter, sort: $sort, size: $size) { items { id } } }`;
        const variables = `{"filter":{"_and":${writeJson(and)}},"sort":${JSON.stringify(order)},"size":${size}}`;
        const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
        const { json, text } = await server.call('POST', '//graphql', { headers, body });
        expect(json.data?.listAny, text).toBeTruthy();
        return json.data.listAny.items.map(({ id }: { id: string }) => id);
      },
    },
    {
      name: 'WebSocket',
      ids: async ({ filters, sort, size }) => {
        const id = `q${count++}`;
        client.say(
          `{"type":"query","id":"${id}","schema_name":"any","filters":${filters},"sort":${sort},"limit":${size}}`,
        );
        const rows = await client.rows(id);
        return rows.flatMap((text) => JSON.parse(`[${text}]`).map((row: { id: string }) => row.id));
      },
    },
    {
      name: 'Flight',
      ids: async ({ filters, sort, size }) => {
        const cmd = Buffer.from(`{"dataset":"any","filters":${filters},"sort":${sort},"limit":${size}}`);
        const info = await flight.unary('GetFlightInfo', { type: DESCRIPTOR_COMMAND, cmd });
        const table = await flight.get(info.endpoint[0].ticket.ticket);
        return Array.from({ length: table.numRows }, (_, at) => uuidOf(table.getChild('id')?.get(at)));
      },
    },
  ];
}

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

function uuidOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

async function compare(engine: EngineName, { dataset, rows, queries }: QueryCase): Promise<void> {
  const types = new Map(dataset.properties.map(({ name, dbType }) => [name, formatDbType(dbType)]));
  const properties = dataset.properties.map(({ name, type, dbType }) => {
    return { name, type, db_type: formatDbType(dbType) };
  });
  const server = await startServer(engine, { files: { 'any.json': JSON.stringify({ name: 'any', properties }) } });
  const flight = new FlightClient(server.app.flightAddress ?? '');
  const client = await Client.open(server.url);
  try {
    const headers = { 'content-type': 'application/x-ndjson' };
    if (rows.length > 0) {
      const loaded = await server.call('POST', '/records/any/bulk', { headers, body: rows.map(rowText).join('\n') });
      expect(loaded.status).toBe(201);
    }
    const [first, ...others] = roadsOf(server, types, client, flight);
    for (const query of queries) {
      // Without a sort a stream is in the order of the store, and a page in that of the ids.
      const sort = query.sort.length === 0 ? [{ field: '_id', order: 'asc' as const }] : query.sort;
      const asked = {
        filters: `[${query.filters.map(({ sent }) => sent).join()}]`,
        sort: JSON.stringify(sort),
        size: query.size,
      };
      const expected = await first?.ids(asked, { ...query, sort });
      for (const road of others) expect(await road.ids(asked, { ...query, sort }), road.name).toEqual(expected);
    }
  } finally {
    flight.close();
    await client.close();
    await server.close();
  }
}

test.each(ENGINES)(
  'random filters, sorts and pages give the same rows by every road on %s',
  { timeout: 180_000 },
  async (engine) => {
    await fc.assert(
      fc.asyncProperty(anyQueryCase, (queryCase) => compare(engine, queryCase)),
      { numRuns: engine === 'memory' ? 40 : 12 },
    );
  },
);

test.each(['duckdb', 'sqlite'] as const)(
  'the command line and SQL give them too on %s',
  { timeout: 60_000 },
  async (engine) => {
    const server = await startServer(engine);
    try {
      const lines = Array.from({ length: 300 }, (_, n) =>
        JSON.stringify({ text: `t${n % 7}`, rank: n % 11 === 0 ? null : n % 13 }),
      );
      const headers = { 'content-type': 'application/x-ndjson' };
      await server.call('POST', '/records/notes/bulk', { headers, body: lines.join('\n') });
      const filters = [
        { field: 'rank', operator: 'gte', value: 4 },
        { field: 'text', operator: 'ne', value: 't3' },
      ];
      const sort = [
        { field: 'rank', order: 'desc' },
        { field: 'text', order: 'asc' },
      ];
      const page = (await server.post('/records/notes/query', { filters, sort, size: 50 })).json.data.items;
      const ids = page.map(({ id }: { id: string }) => id);
      const { stdout } = await promisify(execFile)(process.execPath, [
        FORGE,
        'query',
        'notes',
        '--json',
        '--url',
        server.url,
        '--filter',
        'rank gte 4',
        '--filter',
        'text ne t3',
        '--sort',
        'rank:desc,text',
        '--size',
        '50',
      ]);
      expect(JSON.parse(stdout).data.items).toEqual(page);
      const sql =
        "SELECT id FROM notes WHERE rank >= 4 AND text <> 't3' ORDER BY rank DESC NULLS LAST, text, id LIMIT 50";
      expect((await server.post('/query', { sql })).json.rows.map(([id]: string[]) => id)).toEqual(ids);
      const { stdout: shown } = await promisify(execFile)(process.execPath, [
        FORGE,
        'sql',
        sql,
        '--json',
        '--url',
        server.url,
      ]);
      expect(JSON.parse(shown).rows.map(([id]: string[]) => id)).toEqual(ids);
    } finally {
      await server.close();
    }
  },
);
