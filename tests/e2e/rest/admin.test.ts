import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from './support/server.ts';

const FILE = (properties: string) => `name: a\nproperties: [${properties}]\n`;

describe('administration', () => {
  let server: TestServer;
  const put = (properties: string) => writeFile(join(server.folder, 'datasets', 'a.yaml'), FILE(properties));
  const rows = async () =>
    (await server.get('/records/a')).json.data.items.map((record: { data: unknown }) => record.data);

  beforeAll(async () => {
    server = await startServer('duckdb', { files: { 'a.yaml': FILE('{name: x, type: integer}') } });
    await server.create('a', { x: 1 });
  });
  afterAll(() => server.close());

  test('a safe change is applied by a reload, and served at once', async () => {
    await put('{name: x, type: integer}, {name: y, type: string, default: new}');
    const { status, json } = await server.post('/admin/reload', {});
    expect([status, json.success, json.datasets, json.applied.length]).toEqual([200, true, ['a'], 1]);
    expect(await rows()).toEqual([{ x: 1, y: 'new' }]);
    expect((await server.get('//openapi.json')).text).toContain('"new"');
  });

  test('any other is refused with the difference; what was served is served on', async () => {
    await put('{name: x, type: string}');
    const { status, json } = await server.post('/admin/reload', {});
    expect([status, json.code]).toEqual([409, 'incompatible_schema']);
    expect(json.errors.length).toBeGreaterThan(0);
    expect(json.detail).toContain('forge schema plan a');
    expect(await rows()).toEqual([{ x: 1, y: 'new' }]);
    await put('{name: x, type: integer');
    expect((await server.post('/admin/reload', {})).json.code).toBe('invalid_dataset_file');
  });

  test('a plan says what would be done and touches nothing', async () => {
    await put('{name: x, type: integer}');
    const { status, json } = await server.get('/admin/schemas/a/plan');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      schema_name: 'a',
      stored: true,
      steps: [{ kind: 'drop-property', safety: 'refused', loses: true }],
    });
    expect(await rows()).toEqual([{ x: 1, y: 'new' }]);
    expect((await server.get('/admin/schemas/nope/plan')).status).toBe(404);
  });

  test('what loses values has to be accepted, and a backup comes first', async () => {
    const refused = await server.call('POST', '/admin/schemas/a/apply');
    expect([refused.status, refused.json.code]).toEqual([409, 'incompatible_schema']);
    expect(existsSync(join(server.folder, 'data', 'backups'))).toBe(false);
    const { status, json } = await server.post('/admin/schemas/a/apply', { accept_loss: true });
    expect([status, json.success]).toEqual([200, true]);
    expect(existsSync(json.backup)).toBe(true);
    expect(await rows()).toEqual([{ x: 1 }]);
    const again = await server.post('/admin/schemas/a/apply', { accept_loss: true });
    expect(again.json).toMatchObject({ steps: [], backup: null });
  });

  test('a backup goes where it is told, never over a file', async () => {
    const to = join(server.folder, 'copy.duckdb');
    const { status, json } = await server.post('/admin/backup', { to });
    expect([status, json.path, existsSync(to)]).toEqual([201, to, true]);
    expect((await server.post('/admin/backup', { to })).status).toBeLessThan(500);
    expect((await server.post('/admin/backup', { to })).status).toBeGreaterThanOrEqual(400);
    const { json: made } = await server.call('POST', '/admin/backup');
    expect(existsSync(made.path)).toBe(true);
  });

  test('a dataset whose file is gone is kept, and comes back with its file', async () => {
    await rm(join(server.folder, 'datasets', 'a.yaml'));
    expect((await server.post('/admin/reload', {})).json).toMatchObject({ datasets: [], without_file: ['a'] });
    expect((await server.get('/records/a')).status).toBe(404);
    await put('{name: x, type: integer}');
    await server.post('/admin/reload', {});
    expect(await rows()).toEqual([{ x: 1 }]);
  });
});
