import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Json, JsonNumber, JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import { FlightClient } from '../flight/flight-client.ts';
import { flightData } from '../flight/flight-data.ts';
import { startServer, type TestServer } from '../rest/support/server.ts';
import { Client } from '../websocket/client.ts';

const FORGE = fileURLToPath(new URL('../../../src/presentation/cli/main.ts', import.meta.url));
const JSON_TYPE = { 'content-type': 'application/json' };
const NDJSON_TYPE = { 'content-type': 'application/x-ndjson' };

/** Rows with the values of the contract that are easily lost; each is also how every road must show it. */
const ROWS = [
  '{"text":"","big":9007199254740993,"int":-2147483648,"small":32767,"double":0.1,"price":7.2500,"flag":true,"day":"2024-02-29","time":"23:59:59.999999","moment":"1969-12-31T23:59:59.000001Z","ref":"0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d","list":[1,[2,{"a":null}]],"extra":{"z":1.50,"a":{"b":"c"}}}',
  '{"text":"quote \\" comma , line\\nend \\u0001 😀 \\\\","big":-9223372036854775808,"int":0,"small":-32768,"double":1.7976931348623157e308,"price":-0.0001,"flag":false,"day":"0001-01-01","time":"00:00:00","moment":"9999-12-31T23:59:59.999999Z","ref":"ffffffff-ffff-4fff-8fff-ffffffffffff","list":[],"extra":{}}',
  '{"text":"true","big":9223372036854775807,"int":2147483647,"small":0,"double":5e-324,"price":99999999999999.9999,"flag":null,"day":"9999-12-31","time":"12:00:00.5","moment":"2024-01-15T10:30:00.123Z","ref":null,"list":[12345678901234567890.10],"extra":{"big":9007199254740993}}',
  '{"text":null,"big":null,"int":null,"small":null,"double":null,"price":null,"flag":null,"day":null,"time":null,"moment":null,"ref":null,"list":null,"extra":null}',
  '{"text":"NULL","big":0,"int":1,"small":1,"double":-1e21,"price":0.0000,"flag":true,"day":"1970-01-01","time":"00:00:00.000001","moment":"0001-01-01T00:00:00Z","ref":"00000000-0000-0000-0000-000000000000","list":["\\u0000x"],"extra":{"":1}}',
].filter((row) => !row.includes('\\u0000'));

const NAMES = Object.keys(JSON.parse(ROWS[0] ?? '{}'));
/** GraphQL has these as strings where a number would lose digits. */
const AS_TEXT = new Set(['big', 'price']);

let server: TestServer;
let folder: string;
let client: Client;
let flight: FlightClient;
/** The rows as the server itself streams them in Arrow. */
let arrow: Uint8Array;

const forge = async (...args: string[]) =>
  (await promisify(execFile)(process.execPath, [FORGE, ...args, '--url', server.url], { maxBuffer: 1e8 })).stdout;

async function sent(path: string, body: string | Uint8Array, headers: Record<string, string>): Promise<void> {
  const answer = await server.call('POST', path, { body: body as string, headers });
  expect(answer.status, answer.text).toBeLessThan(300);
}

/** A row as an input object of GraphQL, whose numbers past a double are strings. */
function variableOf(row: string): string {
  const { members } = parseJson(row) as JsonObject;
  const shown = members.map(({ name, value }) => ({
    name,
    value: AS_TEXT.has(name) && value instanceof JsonNumber ? value.text : value,
  }));
  return writeJson(new JsonObject(shown));
}

async function graphql(query: string, variables: string): Promise<string> {
  const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
  const { json, text } = await server.call('POST', '//graphql', { body, headers: JSON_TYPE });
  expect(json.errors, text).toBeUndefined();
  return text;
}

/** Each way to store all rows, in their order. */
const WRITES: Record<string, () => Promise<void>> = {
  create: async () => {
    for (const row of ROWS) await sent('/records', `{"schema_name":"every","data":${row}}`, JSON_TYPE);
  },
  bulk: () => sent('/records/bulk', `{"schema_name":"every","data":[${ROWS.join()}]}`, JSON_TYPE),
  upload: () => sent('/records/every/bulk', ROWS.join('\n'), NDJSON_TYPE),
  'upload of Arrow': () =>
    sent('/records/every/bulk', arrow, { 'content-type': 'application/vnd.apache.arrow.stream' }),
  GraphQL: async () => {
    const rows = `{"rows":[${ROWS.map(variableOf).join()}]}`;
    await graphql('mutation ($rows: [EveryInput!]!) { bulkCreateEvery(data: $rows) { created } }', rows);
  },
  WebSocket: async () => {
    const id = crypto.randomUUID();
    client.say(`{"type":"insert","id":"${id}","schema_name":"every","data":[${ROWS.join()}]}`);
    await client.next('inserted', id);
  },
  Flight: async () => {
    await flight.put(await flightData(arrow, ['every']));
  },
  'command line': async () => {
    const file = join(folder, 'every.ndjson');
    await writeFile(file, ROWS.join('\n'));
    await forge('load', file);
  },
};

/** A row's members as JSON texts, in the order of the names. */
function textsOf(data: Json): string[] {
  return NAMES.map((name) => writeJson((data as JsonObject).get(name) ?? null));
}

const recordsOf = (texts: readonly string[]) =>
  texts.map((text) => textsOf((parseJson(text) as JsonObject).get('data') ?? null));
const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const SORT = '[{"field":"_seq"}]';

/** Each way to read them back, as the JSON texts of their values. */
const READS: Record<string, () => Promise<string[][]>> = {
  page: async () => {
    const { text } = await server.get(`/records/every?size=100&sort=${encodeURIComponent(SORT)}`);
    const data = (parseJson(text) as JsonObject).get('data') as JsonObject;
    return (data.get('items') as unknown as { items: JsonObject[] }).items.map((item) =>
      textsOf(item.get('data') ?? null),
    );
  },
  stream: async () =>
    recordsOf(lines((await server.get(`/records/every/stream?sort=${encodeURIComponent(SORT)}`)).text)),
  'flat stream': async () =>
    lines((await server.get(`/records/every/stream?shape=flat&sort=${encodeURIComponent(SORT)}`)).text).map((line) =>
      textsOf(parseJson(line)),
    ),
  'by id': async () => {
    const { json } = await server.get(`/records/every?size=100&sort=${encodeURIComponent(SORT)}`);
    const ids = json.data.items.map(({ id }: { id: string }) => id);
    const texts = await Promise.all(ids.map(async (id: string) => (await server.get(`/records/every/${id}`)).text));
    return recordsOf(texts);
  },
  SQL: async () => {
    const { text } = await server.call('POST', '/query', {
      body: JSON.stringify({ sql: 'SELECT * FROM every ORDER BY _seq' }),
      headers: { ...JSON_TYPE, accept: 'application/x-ndjson' },
    });
    return lines(text).map((line) => textsOf(parseJson(line)));
  },
  GraphQL: async () => {
    const query = `{ listEvery(size: 100, sort: [{ field: _seq }]) { items { ${NAMES.join(' ')} } } }`;
    const page = (parseJson(await graphql(query, '{}')) as JsonObject).get('data') as JsonObject;
    const { items } = (page.get('listEvery') as JsonObject).get('items') as unknown as { items: JsonObject[] };
    return items.map((item) =>
      NAMES.map((name) => {
        const value = item.get(name) ?? null;
        return AS_TEXT.has(name) && typeof value === 'string' ? value : writeJson(value);
      }),
    );
  },
  WebSocket: async () => {
    const id = crypto.randomUUID();
    client.say(`{"type":"query","id":"${id}","schema_name":"every","sort":${SORT}}`);
    const rows = (await client.rows(id)).join(',');
    const { items } = parseJson(`[${rows}]`) as unknown as { items: JsonObject[] };
    return items.map((item) => textsOf(item.get('data') ?? null));
  },
  'command line': async () => recordsOf(lines(await forge('export', 'every', '--format', 'ndjson', '--sort', '_seq'))),
};

const expected = recordsOf(ROWS.map((row) => `{"data":${row}}`));

describe.each(['duckdb', 'sqlite'] as const)('every value on %s', (engine) => {
  beforeAll(async () => {
    server = await startServer(engine);
    folder = await mkdtemp(join(tmpdir(), 'data-forge-roads-'));
    client = await Client.open(server.url);
    flight = new FlightClient(server.app.flightAddress ?? '');
    await WRITES.upload?.();
    const response = await server.fetch('GET', `/records/every/stream?fields=${NAMES}`, {
      headers: { accept: 'application/vnd.apache.arrow.stream' },
    });
    arrow = new Uint8Array(await response.arrayBuffer());
  });
  afterAll(async () => {
    flight.close();
    await client.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(Object.keys(WRITES))('stored by %s', (write) => {
    beforeAll(async () => {
      await server.clear('every');
      await WRITES[write]?.();
    });

    test.each(Object.keys(READS))('and read by %s, every value is the same', async (read) => {
      const found = (await READS[read]?.()) ?? [];
      // Doubles may be written in several ways.
      const same = (rows: string[][]) =>
        rows.map((row) =>
          row.map((text, at) => (NAMES[at] === 'double' && text !== 'null' ? String(Number(text)) : text)),
        );
      expect(same(found)).toEqual(same(expected));
    });

    test('and read by Flight, it is what REST has in Arrow', async () => {
      const info = await flight.unary('GetFlightInfo', {
        type: 2,
        cmd: Buffer.from(JSON.stringify({ dataset: 'every', fields: NAMES, sort: JSON.parse(SORT) })),
      });
      const table = await flight.get(info.endpoint[0].ticket.ticket);
      const columns = table.schema.fields.map(({ name }) => name).filter((name) => NAMES.includes(name));
      expect(columns).toEqual(NAMES);
      const { tableFromIPC } = await import('apache-arrow');
      const rest = tableFromIPC(arrow);
      for (const name of NAMES) {
        const values = (from: typeof rest) =>
          Array.from({ length: ROWS.length }, (_, at) => String(from.getChild(name)?.get(at)));
        expect(values(table), name).toEqual(values(rest));
      }
    });
  });
});
