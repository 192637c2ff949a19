import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startServer } from '../rest/support/server.ts';

/**
 * A folder in which `@lakehouse-rs/flight-sql-client` is installed, named by FORGE_TEST_FLIGHT_NODE. It is no dependency
 * of the project, for one of its optional packages was never published and `npm ci` refuses a lock file with it.
 */
const FOLDER = process.env.FORGE_TEST_FLIGHT_NODE ?? '';
const REQUIRED = process.env.FORGE_REQUIRE_CLIENTS === '1';
const isThere = existsSync(join(FOLDER, 'node_modules', '@lakehouse-rs', 'flight-sql-client'));
const leftOut = isThere || REQUIRED ? '' : ' (left out: the client that FORGE_TEST_FLIGHT_NODE names is not there)';
const [READER, WRITER] = ['0123456789abcdef0', '0123456789abcdef1'];

/** What is used of the client. Answers are Arrow IPC streams. */
interface FlightSqlClient {
  query(sql: string): Promise<Buffer>;
  getCatalogs(): Promise<Buffer>;
  getDbSchemas(options: object): Promise<Buffer>;
  getTables(options: { readonly tableNameFilterPattern?: string; readonly includeSchema?: boolean }): Promise<Buffer>;
}

interface Client {
  createFlightSqlClient(options: {
    readonly host: string;
    readonly port: number;
    readonly token: string;
    readonly tls: boolean;
    readonly headers: readonly object[];
  }): Promise<FlightSqlClient>;
}

interface Arrow {
  tableFromIPC(bytes: Uint8Array): { readonly numRows: number; toArray(): readonly { toJSON(): object }[] };
}

it.runIf(isThere || REQUIRED)(
  `a client of Flight SQL for Node reads the catalogue, records and a long result${leftOut}`,
  async () => {
    const load = createRequire(join(FOLDER, 'package.json'));
    const { createFlightSqlClient } = load('@lakehouse-rs/flight-sql-client') as Client;
    const { tableFromIPC } = load('apache-arrow') as Arrow;
    const rows = (bytes: Uint8Array) =>
      tableFromIPC(bytes)
        .toArray()
        .map((row) => row.toJSON());

    const server = await startServer('duckdb', { env: { API_TOKENS: `reader:${READER}:read,writer:${WRITER}:write` } });
    try {
      const headers = { authorization: `Bearer ${WRITER}`, 'content-type': 'application/json' };
      for (const rank of [3, 1, 2]) {
        const body = JSON.stringify({ schema_name: 'notes', data: { text: `n${rank} ä𝄞`, rank } });
        expect((await server.call('POST', '/records', { headers, body })).status).toBe(201);
      }
      const { hostname: host, port } = new URL((server.app.flightAddress ?? '').replace('grpc:', 'http:'));
      const open = (token: string) =>
        createFlightSqlClient({ host, port: Number(port), token, tls: false, headers: [] });
      const client = await open(READER);

      expect(rows(await client.getCatalogs())).toHaveLength(1);
      expect(rows(await client.getDbSchemas({}))).toHaveLength(1);
      const tables = rows(await client.getTables({ tableNameFilterPattern: 'note%', includeSchema: true }));
      expect(tables).toEqual([expect.objectContaining({ table_name: 'notes', table_type: 'TABLE' })]);

      expect(rows(await client.query('SELECT rank, text FROM notes ORDER BY rank'))).toEqual([
        { rank: 1n, text: 'n1 ä𝄞' },
        { rank: 2n, text: 'n2 ä𝄞' },
        { rank: 3n, text: 'n3 ä𝄞' },
      ]);
      const long = await client.query("SELECT i, 'row ' || i AS t FROM range(300000) r(i)");
      expect(tableFromIPC(long).numRows).toBe(300_000);

      // The client keeps the server's words to itself.
      await expect(client.query('DELETE FROM notes')).rejects.toThrow('failed to prepare');
      await expect(client.query('SELECT nothing FROM notes')).rejects.toThrow('failed to prepare');
      expect(rows(await client.query('SELECT count(*) AS n FROM notes'))).toEqual([{ n: 3n }]);
      const stranger = await open('not a token of ours');
      await expect(stranger.query('SELECT 1')).rejects.toThrow('failed to prepare');
    } finally {
      await server.close();
    }
  },
  60_000,
);
