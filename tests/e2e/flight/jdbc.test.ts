import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startServer } from '../rest/support/server.ts';

/** The Flight SQL JDBC driver as one jar, named by FORGE_TEST_JDBC_DRIVER; it needs a Java of 17 or later. */
const DRIVER = process.env.FORGE_TEST_JDBC_DRIVER ?? '';
const REQUIRED = process.env.FORGE_REQUIRE_CLIENTS === '1';
const isThere = existsSync(DRIVER) && spawnSync('java', ['-version']).status === 0;
const leftOut =
  isThere || REQUIRED ? '' : ' (left out: Java or the driver that FORGE_TEST_JDBC_DRIVER names is not there)';
const [READER, WRITER] = ['0123456789abcdef0', '0123456789abcdef1'];

it.runIf(isThere || REQUIRED)(
  `the JDBC driver of Arrow Flight SQL reads the catalogue, every type, and prepared statements${leftOut}`,
  async () => {
    const server = await startServer('duckdb', { env: { API_TOKENS: `reader:${READER}:read,writer:${WRITER}:write` } });
    const headers = { authorization: `Bearer ${WRITER}`, 'content-type': 'application/json' };
    const store = (schema: string, data: string) =>
      server.call('POST', '/records', { headers, body: `{"schema_name":"${schema}","data":${data}}` });
    try {
      for (const rank of [1, 2, 3]) await store('notes', `{"text":"n${rank}","rank":${rank}}`);
      await store(
        'every',
        '{"text":"ä","big":9007199254740993,"int":-5,"small":7,"double":0.1,"price":7.25,"flag":true,"day":"2024-02-29",' +
          '"time":"01:02:03.5","moment":"2024-01-15T10:30:00.123456Z","list":[1],"extra":{"z":1.50}}',
      );
      const program = fileURLToPath(new URL('JdbcClient.java', import.meta.url));
      const address = (server.app.flightAddress ?? '').replace('grpc://', '');
      const options = ['--add-opens=java.base/java.nio=ALL-UNNAMED', '-cp', DRIVER, program, address, READER];
      const { stdout } = await promisify(execFile)('java', options, { timeout: 90_000 });
      expect(stdout.trimEnd().split('\n')).toEqual([
        'product: Data Forge',
        'read only: false',
        'table: every TABLE',
        // The numbers are those of java.sql.Types.
        'columns: id -2, text 12, big -5, int 4, small 5, double 8, price 3, flag 16, day 91, time 92, moment 2014, ' +
          'ref -2, list 12, extra 12, created_at 2014, updated_at 2014, version 4',
        'key: field_code, well_code',
        'row: ä 9007199254740993 -5 7 0.1 7.2500 true 2024-02-29 2024-01-15T10:30:00.123456Z [1] {"z":1.50}',
        'prepared: hi 3',
        'prepared: hi 2',
        'unknown: true',
        expect.stringMatching(/^refused: .*Only one SELECT can be sent here/),
        'sum: 19999900000',
        'wrong token: refused',
      ]);
    } finally {
      await server.close();
    }
  },
  120_000,
);
