import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

const RUNS = { numRuns: 150 };

describe.each(ENGINES)('nothing that is sent makes a 5xx over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
    await server.create('every', { text: 'a', big: 1, price: 1.5, day: '2024-01-01', extra: {} });
  });
  afterAll(() => server.close());

  /** Below 500; and an error is a problem with a code that is not our fault. */
  async function isFine(method: string, path: string, options: Parameters<TestServer['call']>[2] = {}): Promise<void> {
    const { status, headers, text } = await server.call(method, path, options);
    expect(status, `${method} ${path} ${JSON.stringify(options)}: ${text}`).toBeLessThan(500);
    if (status >= 400) {
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(text).not.toMatch(/"code":"internal"/);
    }
  }

  const fieldNames = [
    'text',
    'big',
    'int',
    'small',
    'double',
    'price',
    'flag',
    'day',
    'time',
    'moment',
    'ref',
    'list',
    'extra',
    'id',
    '_id',
    'created_at',
    '_seq',
    'version',
  ];
  const field = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...fieldNames) },
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('__proto__', 'constructor', 'ID', ''),
  );
  const operator = fc.constantFrom(
    'eq',
    'ne',
    'gt',
    'gte',
    'lt',
    'lte',
    'in',
    'like',
    'ilike',
    'is_null',
    'is_not_null',
    'toString',
    'or 1=1',
  );
  const scalar = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(
      '2024-01-01',
      '2024-01-01T00:00:00Z',
      '10:00',
      '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
      '%_\\',
      '1e999',
      'infinity',
      1e300,
      2 ** 63,
      -(2 ** 63),
      0.1,
    ),
  );
  const value = fc.oneof(
    { weight: 4, arbitrary: scalar },
    fc.array(scalar, { maxLength: 5 }),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const { filter } = fc.letrec((tie) => ({
    condition: fc.record({ field, operator, value }, { requiredKeys: [] }),
    filter: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      tie('condition'),
      fc.record({ and: fc.array(tie('filter'), { maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('filter'), { maxLength: 3 }) }),
      fc.record({ not: tie('filter') }),
      fc.jsonValue({ maxDepth: 2 }),
    ),
  }));
  const sort = fc.array(
    fc.oneof(
      fc.record({ field, order: fc.constantFrom('asc', 'desc', 'up') }, { requiredKeys: [] }),
      fc.jsonValue({ maxDepth: 1 }),
    ),
    { maxLength: 4 },
  );

  test('filters, sorts and fields', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(filter, { maxLength: 4 }), sort, field, async (filters, keys, name) => {
        await isFine('POST', '/records/every/query', { json: { filters, sort: keys, fields: [name] } });
        await isFine('POST', '/records/every/query', { json: { filters } });
        const query = `filters=${encodeURIComponent(JSON.stringify(filters).toWellFormed())}`;
        await isFine('GET', `/records/every/count?${query}`);
        await isFine(
          'GET',
          `/records/every/stream?${query}&sort=${encodeURIComponent(JSON.stringify(keys).toWellFormed())}`,
        );
      }),
      RUNS,
    );
  });

  test('valid conditions are answered, not refused', async () => {
    const valid = fc.oneof(
      fc.record({
        field: fc.constantFrom('big'),
        operator: fc.constantFrom('eq', 'ne', 'gt', 'lte'),
        value: fc.maxSafeInteger(),
      }),
      fc.record({
        field: fc.constant('double'),
        operator: fc.constantFrom('eq', 'gte', 'lt'),
        value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      }),
      fc.record({
        field: fc.constant('text'),
        operator: fc.constantFrom('eq', 'lt', 'gte'),
        value: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      }),
      fc.record({
        field: fc.constant('text'),
        operator: fc.constantFrom('like', 'ilike'),
        value: fc.string({ unit: 'grapheme' }).filter((text) => !/[\0\\]/.test(text)),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(valid, { maxLength: 4 }), async (filters) => {
        const { status, text } = await server.post('/records/every/query', { filters });
        expect(status, text).toBe(200);
      }),
      RUNS,
    );
  });

  test('bodies of every kind', async () => {
    const row = fc.oneof(fc.dictionary(field, value, { maxKeys: 6 }), fc.jsonValue({ maxDepth: 3 }));
    await fc.assert(
      fc.asyncProperty(row, fc.array(row, { maxLength: 4 }), async (data, rows) => {
        await isFine('POST', '/records', { json: { schema_name: 'every', data } });
        await isFine('POST', '/records/bulk', { json: { schema_name: 'every', data: rows } });
        await isFine('POST', '/records/every/bulk?on_invalid=reject', { json: rows });
        const lines = rows.map((item) => JSON.stringify(item)).join('\n');
        await isFine('POST', '/records/every/bulk?on_invalid=reject', {
          body: lines,
          headers: { 'content-type': 'application/x-ndjson' },
        });
        await isFine('PUT', '/records/every/0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d', { json: { data } });
        await isFine('PATCH', '/records/every/0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d', { json: { data } });
      }),
      RUNS,
    );
  });

  test('bytes of every kind, as every type', async () => {
    const types = [
      'application/json',
      'application/x-ndjson',
      'text/csv',
      'application/vnd.apache.arrow.stream',
      'application/vnd.apache.parquet',
      'x/y',
      '',
    ];
    const codings = ['identity', 'gzip', 'zstd', 'br', 'deflate', 'gzip, gzip', 'x'];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        fc.constantFrom(...types),
        fc.constantFrom(...codings),
        async (bytes, type, coding) => {
          const body = Buffer.from(bytes);
          const headers = { ...(type === '' ? {} : { 'content-type': type }), 'content-encoding': coding };
          await isFine('POST', '/records', { body, headers });
          await isFine('POST', '/records/bulk', { body, headers });
          await isFine('POST', '/records/every/query', { body, headers });
          await isFine('POST', '/records/every/bulk', { body, headers });
          await isFine('POST', '/records/every/bulk?on_invalid=reject&on_conflict=ignore', { body, headers });
        },
      ),
      RUNS,
    );
  });

  test('CSV of every kind', async () => {
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('', '""', '"', '1', 'true', '2024-01-01', 'a,b', '"a\nb"', '\r', '{}', '-'),
    );
    const header = fc.array(fc.oneof(field, cell), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(header, fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 5 }), async (names, rows) => {
        const body = [names, ...rows]
          .map((cells) => cells.join(','))
          .join('\n')
          .toWellFormed();
        for (const query of ['', '?on_invalid=reject'])
          await isFine('POST', `/records/every/bulk${query}`, { body, headers: { 'content-type': 'text/csv' } });
      }),
      RUNS,
    );
  });

  test('addresses and parameters', async () => {
    const word = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('..', '%00', 'every', 'bulk', '__proto__'));
    const part = word.map((text) => encodeURIComponent(text.toWellFormed()));
    const names = fc.constantFrom(
      'page',
      'size',
      'cursor',
      'filters',
      'sort',
      'fields',
      'since',
      'limit',
      'wait',
      'latest',
      'shape',
      'all',
      'on_conflict',
      'x',
    );
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'HEAD', 'OPTIONS');
    const tail = fc.constantFrom(
      '',
      '/stream',
      '/count',
      '/changes',
      '/by-key',
      '/query',
      '/bulk',
      '/0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
    );
    const text = fc.oneof(
      part,
      fc.constantFrom('0', '-1', '1e9', '99999999999999999999', 'null', '[]', '{}', '%7B', '%F0%9F', 'true'),
    );
    await fc.assert(
      fc.asyncProperty(
        method,
        fc.oneof(part, fc.constant('every')),
        tail,
        fc.array(fc.tuple(names, text), { maxLength: 3 }),
        async (verb, schema, end, parameters) => {
          const query = parameters
            .filter(([name]) => name !== 'wait')
            .map(([name, given]) => `${name}=${given}`)
            .join('&');
          const response = await server.fetch(verb, `/records/${schema}${end}?${query}`);
          const answer = await response.text();
          expect(response.status, `${verb} ${schema}${end}?${query}: ${answer}`).toBeLessThan(500);
        },
      ),
      RUNS,
    );
  });

  test('headers', async () => {
    const header = fc.oneof(
      fc.string({ minLength: 1 }).filter((text) => /^[\x21-\x7e]+$/.test(text)),
      fc.constantFrom('"1"', 'W/"1"', '*', '"', 'q=1', '*/*;q=2', ',,,', 'gzip;q=x', 'return=minimal; return=x'),
    );
    const names = fc.constantFrom(
      'accept',
      'accept-encoding',
      'if-match',
      'if-none-match',
      'idempotency-key',
      'prefer',
      'x-request-id',
      'content-type',
      'content-encoding',
      'authorization',
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, header, { maxKeys: 3 }), async (headers) => {
        await isFine('GET', '/records/every', { headers });
        await isFine('GET', '/records/every/stream?limit=1', { headers });
        await isFine('POST', '/records', {
          headers: { 'content-type': 'application/json', ...headers },
          body: '{"schema_name":"every","data":{}}',
        });
        await isFine('DELETE', '/records/every/0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d', { headers });
      }),
      RUNS,
    );
  });
});
