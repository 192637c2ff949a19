import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

/** What is sent for a property, and what comes back: JSON texts, so that no digit is lost on the way. */
const TAKEN: readonly (readonly [property: string, sent: string, back: string])[] = [
  ['text', '""', '""'],
  ['text', '"😀 \\u0001 \\" \\\\ ß İ"', '"😀 \\u0001 \\" \\\\ ß İ"'],
  ['big', '9223372036854775807', '9223372036854775807'],
  ['big', '-9223372036854775808', '-9223372036854775808'],
  ['big', '9007199254740993', '9007199254740993'],
  ['big', '1.0', '1'],
  ['big', '1e2', '100'],
  ['big', '-0', '0'],
  ['int', '2147483647', '2147483647'],
  ['small', '-32768', '-32768'],
  ['double', '0.1', '0.1'],
  ['double', '-0.0', '0'],
  ['double', '1.5e-7', '1.5e-7'],
  ['double', '5', '5'],
  ['price', '7.25', '7.2500'],
  ['price', '12345678901234.5678', '12345678901234.5678'],
  ['price', '-0.0000', '0.0000'],
  ['price', '1e2', '100.0000'],
  ['flag', 'true', 'true'],
  ['day', '"2024-02-29"', '"2024-02-29"'],
  ['time', '"10:30:00.500"', '"10:30:00.5"'],
  ['time', '"10:30"', '"10:30:00"'],
  ['moment', '"2024-01-31T10:30:00.123456Z"', '"2024-01-31T10:30:00.123456Z"'],
  ['moment', '"2024-01-31T10:30:00.120+02:00"', '"2024-01-31T08:30:00.12Z"'],
  ['moment', '"2024-01-31 10:30"', '"2024-01-31T10:30:00Z"'],
  ['moment', '"2024-01-31"', '"2024-01-31T00:00:00Z"'],
  ['ref', '"0190A6C2-1B7E-7CC3-9D2F-5E8F3C1A2B4D"', '"0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d"'],
  ['list', '[1, "a", null, [12345678901234567890.10]]', '[1,"a",null,[12345678901234567890.10]]'],
  ['extra', '{"z":1,"a":{"n":1.0}}', '{"z":1,"a":{"n":1.0}}'],
  ['text', 'null', 'null'],
];

const REFUSED: readonly (readonly [property: string, sent: string])[] = [
  ['text', '5'],
  ['text', 'true'],
  ['text', '"\\u0000"'],
  ['text', '"\\ud800"'],
  ['big', '"5"'],
  ['big', '1.5'],
  ['big', '9223372036854775808'],
  ['int', '2147483648'],
  ['small', '32768'],
  ['double', '"1"'],
  ['double', '1e400'],
  ['double', 'NaN'],
  ['double', 'Infinity'],
  ['price', '1.23456'],
  ['price', '123456789012345'],
  ['price', '"1"'],
  ['flag', '1'],
  ['flag', '"true"'],
  ['day', '"2024-02-30"'],
  ['day', '"2024-1-5"'],
  ['day', '"epoch"'],
  ['day', '"2024-01-01T00:00:00Z"'],
  ['time', '"25:00:00"'],
  ['moment', '"infinity"'],
  ['moment', '"2024-01-31T10:30:00.1234567Z"'],
  ['moment', '20240131'],
  ['ref', '"123"'],
  ['list', '"[]"'],
  ['extra', '{"a":1,"a":2}'],
];

describe.each(ENGINES)('values over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());

  const JSON_TYPE = { 'content-type': 'application/json' };
  const row = (property: string, sent: string) => `{${JSON.stringify(property)}:${sent}}`;
  const member = (property: string, back: string) => `${JSON.stringify(property)}:${back}`;

  /** Every road a row can come by. */
  const roads: Readonly<Record<string, (json: string) => Promise<{ status: number; text: string }>>> = {
    single: (json) =>
      server.call('POST', '/records', { body: `{"schema_name":"every","data":${json}}`, headers: JSON_TYPE }),
    bulk: (json) =>
      server.call('POST', '/records/bulk', { body: `{"schema_name":"every","data":[${json}]}`, headers: JSON_TYPE }),
    'large bulk': (json) => {
      const filler = ',{"text":"x"}'.repeat(600);
      return server.call('POST', '/records/bulk', {
        body: `{"schema_name":"every","data":[${json}${filler}]}`,
        headers: JSON_TYPE,
      });
    },
    'NDJSON upload': (json) =>
      server.call('POST', '/records/every/bulk', { body: json, headers: { 'content-type': 'application/x-ndjson' } }),
    'JSON upload': (json) => server.call('POST', '/records/every/bulk', { body: `[${json}]`, headers: JSON_TYPE }),
    PUT: async (json) => {
      const { id } = await server.create('every', {});
      return server.call('PUT', `/records/every/${id}`, { body: `{"data":${json}}`, headers: JSON_TYPE });
    },
    PATCH: async (json) => {
      const { id } = await server.create('every', {});
      return server.call('PATCH', `/records/every/${id}`, { body: `{"data":${json}}`, headers: JSON_TYPE });
    },
  };

  describe.each(Object.entries(roads))('by %s', (_road, send) => {
    test.each(TAKEN)('%s %s comes back as %s', async (property, sent, back) => {
      await server.clear('every');
      const since = Number((await server.get('//health/ready')).json.head);
      const { status, text } = await send(row(property, sent));
      expect([200, 201], text).toContain(status);
      const page = await server.get('/records/every?size=1');
      expect(page.text).toContain(member(property, back));
      const stream = await server.get('/records/every/stream?limit=1');
      expect(stream.text).toContain(member(property, back));
      expect((await server.get(`/records/every/${page.json.data.items[0].id}`)).text).toContain(member(property, back));
      const changes = await server.get(`/records/every/changes?since=${since}`);
      expect(changes.text).toContain(member(property, back));
    });

    test.each(REFUSED)('%s %s is refused', async (property, sent) => {
      await server.clear('every');
      const { status, text } = await send(row(property, sent));
      expect(status, text).toBe(400);
      expect((await server.get('/records/every/stream')).text).not.toContain(
        property === 'text' ? '"text":"' : `${JSON.stringify(property)}:${sent}`,
      );
    });
  });

  test.each(TAKEN.filter(([property]) => property !== 'list' && property !== 'extra'))(
    'a filter finds %s %s',
    async (property, sent) => {
      await server.clear('every');
      await roads.single?.(row(property, sent));
      const filters = `[{"field":"${property}","operator":"${sent === 'null' ? 'is_null' : 'eq'}"${sent === 'null' ? '' : `,"value":${sent}`}}]`;
      const { json, text } = await server.get(`/records/every/count?filters=${encodeURIComponent(filters)}`);
      expect(json?.count, text).toBe(1);
    },
  );
});
