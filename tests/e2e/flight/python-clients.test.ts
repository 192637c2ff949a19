import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { VERSION } from '../../../src/version.ts';
import { writeCertificate } from '../../support/certificate.ts';
import { startServer } from '../rest/support/server.ts';

/** The Python with the clients: FORGE_TEST_PYTHON, or python3. */
const PYTHON = process.env.FORGE_TEST_PYTHON ?? 'python3';
const TOKEN = '0123456789abcdef0';
const REQUIRED = process.env.FORGE_REQUIRE_CLIENTS === '1';
const isThere =
  spawnSync(PYTHON, ['-c', 'import pyarrow.flight, adbc_driver_flightsql.dbapi, polars, pandas']).status === 0;
const leftOut =
  isThere || REQUIRED ? '' : ' (left out: pyarrow, adbc-driver-flightsql, polars and pandas are not all there)';

it.runIf(isThere || REQUIRED)(
  `pyarrow.flight, ADBC, polars and pandas read, write and ask the catalogue, over TLS too${leftOut}`,
  async () => {
    const server = await startServer('duckdb');
    const folder = await mkdtemp(join(tmpdir(), 'data-forge-certificate-'));
    const { cert, key } = await writeCertificate(folder, 'localhost');
    const secure = await startServer('duckdb', {
      env: { FLIGHT_TLS_CERT: cert, FLIGHT_TLS_KEY: key, API_TOKENS: `reader:${TOKEN}:read` },
    });
    try {
      const script = fileURLToPath(new URL('clients.py', import.meta.url));
      const byName = (secure.app.flightAddress ?? '').replace('127.0.0.1', 'localhost');
      const args = [script, server.app.flightAddress ?? '', byName, cert, TOKEN];
      const { stdout } = await promisify(execFile)(PYTHON, args);
      const found = JSON.parse(stdout);
      expect(found).toMatchObject({
        put: { created: 50_000, updated: 0, ignored: 0, rejected: 0 },
        same: true,
        twice: [1, 1],
        sql: [{ n: 50_001, most: 50_000 }],
        parameters: [
          { text: 'row 0', word: 'hi' },
          { text: 'row 1', word: 'hi' },
        ],
        moments: [{ d: true, t: true, n: true, b: true, c: true }],
        nested: [{ l: [1, 2], s: { a: 1 }, z: null, b: true }],
        ingested: 1,
        after: [{ n: 50_002 }],
        types: ['TABLE'],
        info: { vendor_name: 'Data Forge', vendor_version: VERSION },
      });
      expect(found.flights).toContain('notes');
      expect(found.tables).toEqual(found.flights);
      expect(found.table_schema).toEqual(found.schema);
      expect(found.create).toMatch(/new_table\.yaml/);
      expect(found.drop).toMatch(/SELECT/);
      const frame = [0, 1, 2].map((rank) => ({ text: `row ${rank}`, rank }));
      expect(found).toMatchObject({ polars: frame, pandas: frame, tls_sql: [{ one: 1 }], no_token: 'refused' });
      expect(found.tls).toContain('notes');
    } finally {
      await server.close();
      await secure.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
