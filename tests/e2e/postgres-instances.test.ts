import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, describeLeftOut, POSTGRES_MISSING } from '../support/postgres-database.ts';
import { ServerProcess } from '../support/server-process.ts';

describeLeftOut();

describe.skipIf(POSTGRES_MISSING !== null)('two servers on one database in postgres', () => {
  let folder = '';
  let database = { url: '', dispose: async () => {} };
  let servers: ServerProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-forge-instances-'));
    await mkdir(join(folder, 'datasets'));
    const items = { name: 'items', properties: [{ name: 'n', type: 'integer' }] };
    await writeFile(join(folder, 'datasets', 'items.json'), JSON.stringify(items));
    database = await createTestDatabase();
    const env = { DB_ENGINE: 'postgres', DATABASE_URL: database.url };
    servers = await Promise.all(
      ['one', 'two'].map((name) => ServerProcess.start(join(folder, name), join(folder, 'datasets'), env)),
    );
  });
  afterAll(async () => {
    for (const server of servers) await server.kill('SIGTERM');
    await database.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  test('one is killed while both write: what either answered stands, and the feed of the other has no gap', async () => {
    const [one, two] = servers as [ServerProcess, ServerProcess];
    const answered: string[] = [];
    let isOver = false;
    const write = async ({ url }: ServerProcess, n: number) => {
      while (!isOver) {
        const body = JSON.stringify({ schema_name: 'items', data: { n } });
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(`${url}/api/v1/records`, { method: 'POST', headers, body }).catch(() => null);
        if (response === null) return;
        const answer = (await response.json().catch(() => null)) as { record: { id: string } } | null;
        expect(response.status).toBe(201);
        if (answer !== null) answered.push(answer.record.id);
      }
    };
    const writing = [one, two].flatMap((server) => [1, 2, 3, 4].map((n) => write(server, n)));
    await sleep(1000);
    await one.kill('SIGKILL');
    const before = answered.length;
    await sleep(1000);
    isOver = true;
    await Promise.all(writing);
    expect(answered.length).toBeGreaterThan(before);
    const changes: { seq: number; id: string }[] = [];
    for (let since = 0, hasMore = true; hasMore; ) {
      const response = await fetch(`${two.url}/api/v1/records/items/changes?since=${since}&limit=1000`);
      const page = (await response.json()) as { changes: typeof changes; next: number; has_more: boolean };
      changes.push(...page.changes);
      since = page.next;
      hasMore = page.has_more;
    }
    expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, at) => at + 1));
    const stored = new Set(changes.map(({ id }) => id));
    expect(answered.filter((id) => !stored.has(id))).toEqual([]);
    expect(stored.size).toBe(changes.length);
  }, 60_000);
});
