import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINES, startServer, type TestServer } from './support/server.ts';

describe.each(ENGINES)('schemas over %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer(engine);
  });
  afterAll(() => server.close());

  test('GET /schemas lists all, each with the members that clients count on', async () => {
    const { status, json } = await server.get('/schemas');
    expect(status).toBe(200);
    expect(json.map((schema: { name: string }) => schema.name).sort()).toEqual([
      'every',
      'forge_runs',
      'loose',
      'notes',
      'odd näme / 100%',
      'wells',
    ]);
    expect(json.filter(({ system }: { system?: boolean }) => system).map(({ name }: { name: string }) => name)).toEqual(
      ['forge_runs'],
    );
    for (const schema of json) {
      expect(Object.keys(schema)).toEqual(
        expect.arrayContaining(['name', 'description', 'table_name', 'primary_key', 'properties']),
      );
      for (const property of schema.properties) {
        expect(Object.keys(property)).toEqual(
          expect.arrayContaining(['name', 'type', 'db_type', 'required', 'default', 'primary_key']),
        );
      }
    }
  });

  test('GET /schemas/{name} is one of them', async () => {
    const { status, json } = await server.get('/schemas/wells');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      name: 'wells',
      description: 'Wells and what they gave in a month',
      table_name: 'wells',
      primary_key: ['field_code', 'well_code'],
    });
    expect(json.properties[0]).toEqual({
      name: 'field_code',
      type: 'integer',
      db_type: 'BIGINT',
      required: true,
      default: null,
      primary_key: true,
      description: 'Number of the field',
    });
    expect(json.properties[2]).toMatchObject({ name: 'oil', db_type: 'DECIMAL(18,4)' });
    expect((await server.get('/schemas/notes')).json.primary_key).toBeNull();
  });

  test('any Unicode name has an address', async () => {
    const { json } = await server.get(`/schemas/${encodeURIComponent('odd näme / 100%')}`);
    expect(json.name).toBe('odd näme / 100%');
  });

  test('GET /schemas/{name}/json-schema is JSON Schema 2020-12 of its data', async () => {
    const { status, json } = await server.get('/schemas/wells/json-schema');
    expect(status).toBe(200);
    expect(json).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
    expect(json.required).toEqual(['field_code', 'well_code']);
    expect(json.properties.status.enum).toEqual(['open', 'shut', null]);
  });

  test('an unknown name is a 404 that says which was meant', async () => {
    const { status, json } = await server.get('/schemas/well');
    expect(status).toBe(404);
    expect(json).toMatchObject({ code: 'unknown_dataset', detail: expect.stringContaining('"wells"') });
  });
});
