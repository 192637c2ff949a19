import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CANCELLED,
  CancelFlightInfo,
  CancelFlightInfoResult,
  CloseSessionResult,
  DESCRIPTOR_COMMAND,
  FlightInfo,
  INVALID_NAME,
  INVALID_VALUE,
  NOT_CANCELLABLE,
  SESSION_CLOSED,
  SessionOptions,
  SetSessionOptionsResult,
} from '#formats/flight/flight-messages.ts';
import {
  CancelQuery,
  CancelQueryResult,
  CommandGetSqlInfo,
  CommandGetXdbcTypeInfo,
  CommandStatementQuery,
  packCommand,
  unpackCommand,
} from '#formats/flight/flight-sql-messages.ts';
import { ENGINES, startServer, type TestServer } from '../rest/support/server.ts';
import { FlightClient } from './flight-client.ts';

const nothing = new Uint8Array(0);

describe.each(ENGINES)('Flight SQL on %s', (engine) => {
  let server: TestServer;
  let client: FlightClient;

  beforeAll(async () => {
    server = await startServer(engine);
    client = new FlightClient(server.app.flightAddress ?? '');
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  async function act(type: string, body: Uint8Array = nothing): Promise<Uint8Array> {
    for await (const result of client.stream('DoAction', { type, body })) return result.body;
    return nothing;
  }

  async function ask(command: Buffer) {
    const info = await client.unary('GetFlightInfo', { type: DESCRIPTOR_COMMAND, cmd: command });
    return client.get(info.endpoint[0].ticket.ticket);
  }

  /** A query that is under way and has sent its first rows. */
  async function longQuery() {
    // DuckDB takes up to half a minute for the first rows of such a recursion where other work has the cores.
    const query =
      engine === 'duckdb'
        ? 'SELECT n FROM range(2000000000) AS t(n)'
        : 'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 2000000000) SELECT n FROM t';
    const cmd = packCommand('CommandStatementQuery', CommandStatementQuery, { query });
    const info = await client.unary('GetFlightInfo', { type: DESCRIPTOR_COMMAND, cmd });
    const stream = client.stream('DoGet', info.endpoint[0].ticket);
    const ended = new Promise((resolve) => stream.once('error', resolve));
    await new Promise((resolve) => stream.once('data', resolve));
    return { info, ended };
  }

  it('tells of itself what is asked for, each fact of the kind it has', async () => {
    const some = await ask(packCommand('CommandGetSqlInfo', CommandGetSqlInfo, { info: [0, 4, 528, 9999] }));
    expect(some.toArray().map((row) => [row?.info_name, row?.value])).toEqual([
      [0, 'Data Forge'],
      [4, true],
      [528, 6],
    ]);
    const all = await ask(packCommand('CommandGetSqlInfo', CommandGetSqlInfo, {}));
    expect(all.numRows).toBeGreaterThan(40);
  });

  it('tells the types of SQL', async () => {
    const all = await ask(packCommand('CommandGetXdbcTypeInfo', CommandGetXdbcTypeInfo, {}));
    expect([...(all.getChild('type_name') ?? [])]).toContain('TIMESTAMP');
    const one = await ask(packCommand('CommandGetXdbcTypeInfo', CommandGetXdbcTypeInfo, { dataType: 3 }));
    const row = one.toArray()[0];
    expect([row?.type_name, [...(row?.create_params ?? [])]]).toEqual(['DECIMAL', ['precision', 'scale']]);
  });

  it.runIf(engine !== 'memory')('cancels a flight that is under way, and that one alone', async () => {
    const [first, second] = await Promise.all([longQuery(), longQuery()]);
    const body = CancelFlightInfo.encode({ info: first.info });
    expect(CancelFlightInfoResult.decode(await act('CancelFlightInfo', body)).status).toBe(CANCELLED);
    await expect(first.ended).resolves.toMatchObject({ code: 1 });
    expect(CancelFlightInfoResult.decode(await act('CancelFlightInfo', body)).status).toBe(NOT_CANCELLABLE);
    const query = packCommand('ActionCancelQueryRequest', CancelQuery, { info: FlightInfo.encode(second.info) });
    const answer = unpackCommand(await act('CancelQuery', query));
    expect(CancelQueryResult.decode(answer?.value ?? nothing).result).toBe(CANCELLED);
    await expect(second.ended).resolves.toMatchObject({ code: 1 });
  });

  it('has sessions with the one catalog and schema there are', async () => {
    const { options } = SessionOptions.decode(await act('GetSessionOptions'));
    expect(options).toEqual([
      { name: 'catalog', value: { text: 'data_forge' } },
      { name: 'schema', value: { text: 'main' } },
    ]);
    const asked = [
      ...options,
      { name: 'schema', value: { text: 'other' } },
      { name: 'colour', value: { text: 'red' } },
    ];
    const set = SetSessionOptionsResult.decode(
      await act('SetSessionOptions', SessionOptions.encode({ options: asked })),
    );
    expect(set.errors.map(({ name, error }) => [name, error?.value])).toEqual([
      ['schema', INVALID_VALUE],
      ['colour', INVALID_NAME],
    ]);
    expect(CloseSessionResult.decode(await act('CloseSession')).status).toBe(SESSION_CLOSED);
  });
});
