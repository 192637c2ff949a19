import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { expect, test } from 'vitest';
import { dataset, everyType, property } from '../support/dataset-builders.ts';
import { describeOnPostgres, openTemporaryPostgres } from '../support/postgres-engine.ts';
import { onServer } from '../support/postgres-server.ts';
import { ndjson, StoreDriver } from '../support/store-driver.ts';

const odd = dataset(
  'Größe "x"; \\ :y',
  [
    property('xmin', 'INTEGER'),
    property('k'.repeat(100), 'VARCHAR', { unique: true }),
    property('n', 'DECIMAL(38,10)'),
  ],
  { primaryKey: ['xmin'] },
);

/** Does what psql does with a script: runs statements, and sends the rows behind each COPY. */
async function runScript(client: pg.Client, script: string): Promise<void> {
  let rest = script;
  for (;;) {
    const copy = /^COPY .* FROM stdin;\n/m.exec(rest);
    await client.query(copy === null ? rest : rest.slice(0, copy.index));
    if (copy === null) return;
    const from = copy.index + copy[0].length;
    const end = rest.startsWith('\\.\n', from) ? from : rest.indexOf('\n\\.\n', from) + 1;
    await pipeline(Readable.from([Buffer.from(rest.slice(from, end))]), client.query(copyFrom(copy[0].trim())));
    rest = rest.slice(end + 3);
  }
}

describeOnPostgres('a backup of a store in postgres', (server) => {
  test('is a script that makes the same store of it again', async () => {
    const opened = await openTemporaryPostgres(server());
    const store = new StoreDriver(opened.engine);
    const all = await store.use(everyType());
    await store.use(odd);
    await store.load(
      odd,
      ndjson(Array.from({ length: 3000 }, (_, at) => ({ xmin: at, ['k'.repeat(100)]: `\t\\.\n${at}` }))),
    );
    const [first] = await store.items(odd, { size: 1 });
    await store.patch(odd, first?.id ?? '', { n: '1.5000000000' });
    await store.create(all, {});
    const before = [await store.text(odd, 'ndjson'), (await store.changes(odd, 0, { limit: 10_000 })).changes];
    const file = join(opened.dataDir, 'backup.sql');
    await store.engine.maintenance.backup(file);
    await expect(store.engine.maintenance.backup(file)).rejects.toMatchObject({ code: 'invalid_parameter' });
    await store.create(odd, { xmin: -1 });
    const script = await readFile(file, 'utf8');
    await onServer(server().url, async (client) => {
      await client.query(`DROP SCHEMA "${opened.schema}" CASCADE; DROP SCHEMA "${opened.schema}_sql" CASCADE`);
      await runScript(client, script);
    });
    const again = new StoreDriver(await opened.reopen());
    expect(await again.engine.datasets.list()).toEqual(expect.arrayContaining([all, odd]));
    expect([await again.text(odd, 'ndjson'), (await again.changes(odd, 0, { limit: 10_000 })).changes]).toEqual(before);
    await expect(again.create(odd, { xmin: 5 })).rejects.toMatchObject({ code: 'key_exists' });
    expect(await again.create(odd, { xmin: -1 })).toMatchObject([{ version: 1 }]);
    await opened.dispose();
  });
});
