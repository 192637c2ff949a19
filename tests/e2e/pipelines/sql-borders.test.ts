import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sqlSource } from '#adapters/sources/sql/sql-source.ts';
import type { SourceBatch, SourceOpening } from '#application/ports/source.ts';
import { readGroup } from '#domain/file/option-group.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import { type JsonObject, jsonFrom } from '#domain/record/json.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { WebClient } from '#infrastructure/web-client.ts';
import { writeCertificate } from '../../support/certificate.ts';
import { POSTGRES_MISSING, type PostgresServer, startPostgresServer } from '../../support/postgres-server.ts';

describe.skipIf(POSTGRES_MISSING !== null)(`the source sql on PostgreSQL ${POSTGRES_MISSING ?? ''}`, () => {
  let server: PostgresServer;
  let client: pg.Client;
  let folder: string;
  const web = new WebClient({ privateAddresses: 'allow' });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-forge-borders-'));
    server = await startPostgresServer();
    client = new pg.Client(server.url);
    await client.connect();
  }, 60_000);

  afterAll(async () => {
    await client?.end();
    await server?.dispose();
    await web.close();
    await rm(folder, { recursive: true, force: true });
  });

  function opening(cursor: Cursor | null, changes: Partial<SourceOpening> = {}): SourceOpening {
    return {
      cursor,
      web,
      folder,
      clock: systemClock,
      secrets: { get: () => server.url, redact: (text) => text },
      batch: { bytes: 60, time: 10_000 },
      signal: new AbortController().signal,
      caller: 'tests',
      note: () => {},
      ...changes,
    };
  }

  function optionsOf(given: object) {
    const json = jsonFrom({ url: { secret: 'url' }, ...given }) as JsonObject;
    return readGroup(json, sqlSource.options, { pointer: '', path: '', faults: [] });
  }

  async function rowsOf({ rows }: SourceBatch): Promise<string[]> {
    if (rows === null) return [];
    const [, ...lines] = Buffer.concat(await Array.fromAsync(rows.body))
      .toString()
      .split('\n');
    return lines.filter((line) => line !== '');
  }

  const row = fc.record({ step: fc.integer({ min: 0, max: 1 }), word: fc.constantFrom('a', 'b') });
  const turn = fc.record({ added: fc.array(row, { maxLength: 12 }), batches: fc.integer({ min: 0, max: 6 }) });

  test.each(['int', 'timestamptz', 'numeric', 'text'])(
    'rows with values alike in a column of %s are each read once, wherever a reading breaks off',
    async (type) => {
      const written = (at: number, word: string) => {
        if (type === 'timestamptz') return new Date(1.7e12 + at * 1000).toISOString();
        // The same number may be written in two ways.
        return type === 'numeric' ? `${1000 + at}.${word === 'a' ? '0' : '000'}` : String(1000 + at);
      };
      await fc.assert(
        fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 6 }), async (turns) => {
          await client.query(`DROP TABLE IF EXISTS feed; CREATE TABLE feed (at ${type}, word text)`);
          const options = optionsOf({ table: 'feed', incremental: { column: 'at' } });
          const read: string[] = [];
          let cursor: Cursor | null = null;
          let at = 0;
          for (const { added, batches } of [...turns, { added: [], batches: 1000 }]) {
            for (const { step, word } of added) {
              at += step;
              await client.query('INSERT INTO feed VALUES ($1, $2)', [written(at, word), word]);
            }
            let left = batches;
            if (left === 0) continue;
            for await (const batch of sqlSource.open(options, opening(cursor))) {
              read.push(...(await rowsOf(batch)).map((line) => line.slice(-1)));
              cursor = JSON.parse(JSON.stringify(batch.cursor()));
              if (--left === 0) break;
            }
          }
          const { rows } = await client.query('SELECT word FROM feed');
          expect(read.sort()).toEqual(rows.map(({ word }) => word).sort());
        }),
        { numRuns: 12 },
      );
    },
    120_000,
  );

  test('describes a table with its types and its key, and a SELECT', async () => {
    await client.query('CREATE DOMAIN cents AS numeric(12,2)');
    await client.query(
      `CREATE TABLE described (b text, id uuid, at timestamptz NOT NULL, price cents, n numeric, huge numeric(60,2),
       list int[], bytes bytea, mood interval, flag bool, small int2, PRIMARY KEY (id, b))`,
    );
    const described = await sqlSource.describe?.(optionsOf({ table: 'described' }), opening(null));
    const any = { name: 'DECIMAL', precision: 38, scale: 12 };
    expect(described).toEqual({
      key: ['id', 'b'],
      columns: [
        { name: 'b', dbType: { name: 'VARCHAR' }, nullable: false },
        { name: 'id', dbType: { name: 'UUID' }, nullable: false },
        { name: 'at', dbType: { name: 'TIMESTAMP' }, nullable: false },
        { name: 'price', dbType: { name: 'DECIMAL', precision: 12, scale: 2 }, nullable: true },
        { name: 'n', dbType: any, nullable: true },
        { name: 'huge', dbType: any, nullable: true },
        { name: 'list', dbType: { name: 'JSON' }, nullable: true },
        { name: 'bytes', dbType: { name: 'VARCHAR' }, nullable: true },
        { name: 'mood', dbType: { name: 'VARCHAR' }, nullable: true },
        { name: 'flag', dbType: { name: 'BOOLEAN' }, nullable: true },
        { name: 'small', dbType: { name: 'SMALLINT' }, nullable: true },
      ],
    });
    const query = optionsOf({ query: 'SELECT count(*) AS n, max(at) AS last FROM described', key: 'n' });
    expect(await sqlSource.describe?.(query, opening(null))).toMatchObject({
      key: ['n'],
      columns: [{ dbType: { name: 'BIGINT' } }, { dbType: { name: 'TIMESTAMP' } }],
    });
  });

  test('what is wrong with the options is said: names, passwords in the file, forbidden addresses', async () => {
    const messageOf = async (given: object, changes: Partial<SourceOpening> = {}) => {
      const source = sqlSource.open(optionsOf(given), opening(null, changes));
      const failure = await Array.fromAsync(source).catch((error) => error);
      return `${failure.code}: ${failure.message}`;
    };
    await client.query('CREATE TABLE plain (id int)');
    expect(await messageOf({})).toMatch(/^invalid_configuration: .*a table or a query/);
    expect(await messageOf({ table: 'plain', incremental: { column: 'x' } })).toMatch(
      /^invalid_configuration: .*it has id/,
    );
    expect(await messageOf({ table: 'nowhere' })).toMatch(/^source_failed: .*"nowhere" does not exist/);
    expect(await messageOf({ table: 'plain', url: 'postgres://me:open@127.0.0.1/x' })).toMatch(/holds a password/);
    expect(await messageOf({ table: 'plain', url: 'mysql://localhost/x' })).toMatch(/postgres:\/\/ or sqlite:/);
    const forbidding = new WebClient({ privateAddresses: 'forbid' });
    expect(await messageOf({ table: 'plain' }, { web: forbidding })).toMatch(
      /^invalid_configuration: .*PRIVATE_ADDRESSES/,
    );
    await forbidding.close();
  });

  test('TLS with a certificate that is checked', {
    skip: process.platform === 'win32' || !!process.env.DATABASE_URL,
  }, async () => {
    const { cert, key } = await writeCertificate(folder, 'localhost');
    for (const [file, name] of [
      [cert, 'forge.crt'],
      [key, 'forge.key'],
    ] as const) {
      const lines = (await readFile(file, 'utf8')).trim().split('\n');
      await client.query('DROP TABLE IF EXISTS pem; CREATE TABLE pem (at serial, line text)');
      await client.query('INSERT INTO pem (line) SELECT unnest($1::text[])', [lines]);
      await client.query(`COPY (SELECT line FROM pem ORDER BY at) TO PROGRAM 'cat > ${name}; chmod 600 ${name}'`);
    }
    for (const set of ["ssl_cert_file = 'forge.crt'", "ssl_key_file = 'forge.key'", 'ssl = on']) {
      await client.query(`ALTER SYSTEM SET ${set}`);
    }
    await client.query('SELECT pg_reload_conf()');
    const url = server.url.replace('127.0.0.1', 'localhost');
    const secrets = (mode: string) => ({ get: () => `${url}?sslmode=${mode}`, redact: (text: string) => text });
    const query = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    const read = async (mode: string, given: object) => {
      const batches = sqlSource.open(optionsOf({ query, ...given }), opening(null, { secrets: secrets(mode) }));
      const [first] = await Array.fromAsync(batches, rowsOf).catch((error) => [[error.message]]);
      return first?.[0];
    };
    await expect.poll(() => read('verify-full', { ca: cert })).toBe('true');
    expect(await read('require', {})).toBe('true');
    expect(await read('disable', {})).toBe('false');
    expect(await read('verify-full', {})).toMatch(/certificate/);
  });
});
