import { createRequire } from 'node:module';
import { tableFromIPC } from 'apache-arrow';
import { expect, it } from 'vitest';
import { startServer } from '../rest/support/server.ts';

type Library = typeof import('@lakehouse-rs/flight-sql-client');
/** A client of Flight SQL that others wrote for Node; it has a native part, which not every platform has. */
const library = ((): Library | null => {
  try {
    return createRequire(import.meta.url)('@lakehouse-rs/flight-sql-client') as Library;
  } catch {
    return null;
  }
})();
const REQUIRED = process.env.FORGE_REQUIRE_CLIENTS === '1';
const leftOut = library !== null || REQUIRED ? '' : ' (left out: its native part is not there for this platform)';
const TOKEN = '0123456789abcdef0';

it.runIf(library !== null || REQUIRED)(`a client from npm queries and asks the catalogue${leftOut}`, async () => {
  const server = await startServer('duckdb', { env: { API_TOKENS: `writer:${TOKEN}:write` } });
  try {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    for (const rank of [1, 2]) {
      const body = JSON.stringify({ schema_name: 'notes', data: { text: `n${rank}`, rank } });
      await server.call('POST', '/records', { headers, body });
    }
    const { hostname, port } = new URL((server.app.flightAddress ?? '').replace('grpc:', 'http:'));
    const client = await (library as Library).createFlightSqlClient({
      host: hostname,
      port: Number(port),
      tls: false,
      token: TOKEN,
      headers: [],
    });
    const rows = tableFromIPC(await client.query('SELECT text, rank FROM notes ORDER BY rank')).toArray();
    expect(rows.map((row) => ({ ...row?.toJSON() }))).toEqual([
      { text: 'n1', rank: 1n },
      { text: 'n2', rank: 2n },
    ]);
    const catalogs = tableFromIPC(await client.getCatalogs());
    expect(catalogs.getChild('catalog_name')?.get(0)).toBe('data_forge');
    const tables = tableFromIPC(await client.getTables({ includeSchema: false })).getChild('table_name');
    expect(Array.from({ length: tables?.length ?? 0 }, (_, at) => tables?.get(at))).toContain('notes');
    await expect(client.query('DROP TABLE notes')).rejects.toThrow();
  } finally {
    await server.close();
  }
});
