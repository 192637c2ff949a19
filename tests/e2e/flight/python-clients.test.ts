import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { VERSION } from '../../../src/app.ts';
import { startServer } from '../rest/support/server.ts';

/** The Python with the clients: FORGE_TEST_PYTHON, or python3. */
const PYTHON = process.env.FORGE_TEST_PYTHON ?? 'python3';
const REQUIRED = process.env.FORGE_REQUIRE_CLIENTS === '1';
const isThere = spawnSync(PYTHON, ['-c', 'import pyarrow.flight, adbc_driver_flightsql.dbapi']).status === 0;
const leftOut = isThere || REQUIRED ? '' : ' (left out: pyarrow and adbc-driver-flightsql are not there)';

it.runIf(isThere || REQUIRED)(
  `pyarrow.flight and ADBC read, write and ask the catalogue${leftOut}`,
  async () => {
    const server = await startServer('duckdb');
    try {
      const script = fileURLToPath(new URL('clients.py', import.meta.url));
      const { stdout } = await promisify(execFile)(PYTHON, [script, server.app.flightAddress ?? '']);
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
    } finally {
      await server.close();
    }
  },
  60_000,
);
