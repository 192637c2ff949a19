import { tableFromIPC } from 'apache-arrow';
import { expect, it } from 'vitest';
import { frameHeader } from '#formats/flight/flight-data.ts';
import { DESCRIPTOR_COMMAND } from '#formats/flight/flight-messages.ts';
import { CommandStatementQuery, packCommand } from '#formats/flight/flight-sql-messages.ts';
import { startServer } from '../rest/support/server.ts';
import { FlightClient } from './flight-client.ts';

const QUERY = `SELECT range AS n,
  CASE WHEN range % 7 = 0 THEN NULL ELSE [range % 2 = 0, NULL, range % 3 = 0] END AS bits,
  {a: repeat('x', 200), b: CASE WHEN range % 5 = 0 THEN NULL ELSE [range::VARCHAR] END} AS s,
  MAP {'k': [range, range + 1]} AS m,
  [range, NULL, -range]::BIGINT[3] AS three
FROM range(60000)`;

it('large batches of nested columns come in messages below 4 MB with every value in its place', async () => {
  const server = await startServer('duckdb');
  const client = new FlightClient(server.app.flightAddress ?? '');
  try {
    const cmd = packCommand('CommandStatementQuery', CommandStatementQuery, { query: QUERY });
    const info = await client.unary('GetFlightInfo', { type: DESCRIPTOR_COMMAND, cmd });
    const pieces: Uint8Array[] = [];
    let largest = 0;
    for await (const { header, body } of client.stream('DoGet', info.endpoint[0].ticket)) {
      pieces.push(frameHeader(header), body);
      largest = Math.max(largest, body.byteLength);
    }
    expect(largest).toBeLessThan(4 * 1024 * 1024);
    const table = tableFromIPC(pieces);
    expect(table.numRows).toBe(60_000);
    const wrong: number[] = [];
    for (const row of table) {
      const n = Number(row.n);
      const bits = n % 7 === 0 ? null : [n % 2 === 0, null, n % 3 === 0];
      const expected = [bits, n % 5 === 0 ? null : [String(n)], [n, n + 1], [n, null, -n]];
      const { k } = row.m.toJSON();
      const found = [row.bits && [...row.bits], row.s.b && [...row.s.b], [...k].map(Number), numbers(row.three)];
      if (JSON.stringify(found) !== JSON.stringify(expected)) wrong.push(n);
    }
    expect(wrong).toEqual([]);
  } finally {
    client.close();
    await server.close();
  }
}, 60_000);

function numbers(values: Iterable<bigint | null>): (number | null)[] {
  return [...values].map((value) => (value === null ? null : Number(value)));
}
