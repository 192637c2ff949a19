import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

// biome-ignore lint/suspicious/noExplicitAny: the document is looked into everywhere
type Document = any;

describe.each(ENGINES)('the service over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
    await server.create('wells', { field_code: 42, well_code: 'A-7', oil: 1.25 });
  });
  afterAll(() => server.close());

  test('GET / tells name, version and links that lead somewhere', async () => {
    const { status, json } = await server.get('//');
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'Data Forge', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    for (const [name, path] of Object.entries<string>(json.links)) {
      if (name !== 'api') expect((await server.get(`/${path}`)).status, path).toBe(200);
    }
  });

  test('health', async () => {
    expect((await server.get('//health/live')).json).toEqual({ status: 'live' });
    expect((await server.get('//health/ready')).json).toMatchObject({ status: 'ready', engine });
  });

  test('metrics know routes, datasets, use cases and queues', async () => {
    await server.get('/records/wells');
    const { headers, text } = await server.get('//metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    for (const line of [
      /data_forge_requests_total\{protocol="rest",method="GET",route="\/api\/v1\/records\/:schema",status="200",dataset="wells"\} \d/,
      /data_forge_request_seconds_bucket\{/,
      /data_forge_use_case_seconds_count\{use_case="query-records",outcome="ok"\} \d/,
      /data_forge_use_case_part_seconds_total\{use_case="query-records",part="engine"\} /,
      /data_forge_rows_total\{use_case="create-record",dataset="wells"\} 1/,
      /data_forge_gate_waiting 0/,
      /data_forge_writes_waiting 0/,
      /data_forge_store_head \d/,
    ]) {
      expect(text).toMatch(line);
    }
  });

  test('the API page works with no internet', async () => {
    const { text, headers } = await server.get('//docs');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(text).toContain('/openapi.json');
    expect([...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link)).toEqual(['/docs/js/scalar.js']);
    expect((await server.get('//docs/js/scalar.js')).text.length).toBeGreaterThan(1e6);
  });

  test('answers are compressed where asked', async () => {
    for (const coding of ['gzip', 'br', 'zstd']) {
      const { headers, json } = await server.get('//openapi.json', { 'accept-encoding': coding });
      expect(headers.get('content-encoding')).toBe(coding);
      expect(json.openapi).toBe('3.1.0');
    }
    const { headers } = await server.get('//openapi.json', { 'accept-encoding': 'identity' });
    expect(headers.get('content-encoding')).toBeNull();
  });

  describe('the OpenAPI document', () => {
    let document: Document;
    beforeAll(async () => {
      document = (await server.get('//openapi.json')).json;
    });

    test('has a schema a dataset, and a path for every route', () => {
      expect(document.openapi).toBe('3.1.0');
      expect(Object.keys(document.components.schemas)).toEqual(
        expect.arrayContaining(['wells', 'wells.row', 'wells.data', 'notes', 'every']),
      );
      expect(Object.keys(document.paths)).toEqual(
        expect.arrayContaining([
          '/api/v1/schemas',
          '/api/v1/schemas/{name}',
          '/api/v1/schemas/{name}/json-schema',
          '/api/v1/records',
          '/api/v1/records/bulk',
          '/api/v1/records/wells',
          '/api/v1/records/wells/bulk',
          '/api/v1/records/wells/query',
          '/api/v1/records/wells/stream',
          '/api/v1/records/wells/count',
          '/api/v1/records/wells/changes',
          '/api/v1/records/wells/by-key',
          '/api/v1/records/wells/{id}',
        ]),
      );
      expect(Object.keys(document.paths)).not.toContain('/api/v1/records/notes/by-key');
      expect(Object.keys(document.paths['/api/v1/records/wells/{id}'])).toEqual(['get', 'patch', 'put', 'delete']);
    });

    test('every reference leads somewhere', () => {
      const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
        ([, name]) => name,
      );
      expect(references.length).toBeGreaterThan(50);
      for (const name of references) expect(document.components.schemas).toHaveProperty([name ?? '']);
    });

    test('its examples are real records, and valid by its own schemas', () => {
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      ajv.addSchema({ $id: 'https://test/api', components: document.components });
      const check = (name: string, example: unknown) => {
        const validate = ajv.compile({ $ref: `https://test/api#/components/schemas/${name}` });
        expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      };
      const example = (path: string) => document.paths[path].get.responses[200].content['application/json'].example;
      const wells = example('/api/v1/records/wells/{id}');
      expect(wells.data).toMatchObject({ field_code: 42, well_code: 'A-7' });
      check('wells', wells);
      check('every', example('/api/v1/records/every/{id}'));
      check('notes', example('/api/v1/records/notes/{id}'));
      const bodies = document.paths['/api/v1/records'].post.requestBody.content['application/json'];
      const validate = ajv.compile(
        JSON.parse(JSON.stringify(bodies.schema).replaceAll('#/components', 'https://test/api#/components')),
      );
      for (const { value } of Object.values<Document>(bodies.examples))
        expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    });

    test('every answer the server gives is one it describes', async () => {
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      ajv.addSchema({ $id: 'https://test/api', components: document.components });
      for (const path of ['/schemas', '/records/wells', '/records/wells/count', '/records/wells/changes']) {
        const { schema } = document.paths[`/api/v1${path}`].get.responses[200].content['application/json'];
        const validate = ajv.compile(
          JSON.parse(JSON.stringify(schema).replaceAll('#/components', 'https://test/api#/components')),
        );
        expect(validate((await server.get(path)).json), JSON.stringify(validate.errors)).toBe(true);
      }
      const { schema } = document.paths['/api/v1/records/nope'] ?? { schema: document.components.schemas.Problem };
      expect(ajv.compile(schema)((await server.get('/records/nope')).json)).toBe(true);
    });
  });
});
