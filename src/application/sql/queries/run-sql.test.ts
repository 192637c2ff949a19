import { expect, test } from 'vitest';
import { systemCall } from '#application/call.ts';
import { DatasetCatalog } from '#application/datasets/dataset-catalog.ts';
import type { Limits } from '#application/limits.ts';
import type { SqlRequest, SqlRunner } from '#application/ports/sql-runner.ts';
import { StreamPlaces } from '#application/records/queries/stream-records.ts';
import type { SqlBatch } from '#domain/sql/sql-type.ts';
import { readSql, runSql } from './run-sql.ts';

const batch = (length: number): SqlBatch => ({
  length,
  columns: [{ length, validity: null, data: new Uint8Array(length), offsets: null, children: [] }],
});

/** Three batches of ten rows of a byte each. */
class ThreeBatches implements SqlRunner {
  readonly asked: SqlRequest[] = [];
  ended = 0;

  async describe() {
    return { columns: [], parameters: [] };
  }

  async run(request: SqlRequest) {
    this.asked.push(request);
    return { columns: [], batches: this.#batches() };
  }

  async render() {
    return { columns: [], bytes: (async function* () {})() };
  }

  async *#batches() {
    try {
      for (let count = 0; count < 3; count++) yield batch(10);
    } finally {
      this.ended++;
    }
  }
}

function world(limits: Partial<Limits> = {}) {
  const sql = new ThreeBatches();
  const places = new StreamPlaces(2, 'queries');
  const all = { defaultSqlRows: 1000, maxSqlTime: 1000, maxSqlBytes: 1000, maxSqlAnswerBytes: 1000, ...limits };
  const catalog = new DatasetCatalog(() => () => true);
  return { sql, places, ports: { sql, places, catalog, limits: all as Limits } };
}

const query = { sql: 'SELECT 1', parameters: [], limit: null, timeout: null };

test('an answer asks for one row more than its limit, and knows that there was one', async () => {
  const { sql, ports } = world({ defaultSqlRows: 20 });
  const answer = await runSql(ports)(query, systemCall());
  expect([answer.rowCount, answer.truncated, sql.asked[0]?.limit]).toEqual([20, true, 21]);
});

test('an answer past the limit of bytes ends the query and frees its place', async () => {
  const { sql, places, ports } = world({ maxSqlAnswerBytes: 15 });
  await expect(runSql(ports)(query, systemCall())).rejects.toMatchObject({ code: 'too_large' });
  expect([sql.ended, places.taken]).toEqual([1, 0]);
});

test('batches that are given up end the query and free their place', async () => {
  const { sql, places, ports } = world();
  const { batches } = await readSql(ports)(query, systemCall());
  expect(places.taken).toBe(0);
  for await (const _ of batches) {
    expect(places.taken).toBe(1);
    break;
  }
  expect([sql.ended, places.taken]).toEqual([1, 0]);
});

test('no query outlasts what the configuration allows', async () => {
  const { sql, ports } = world({ maxSqlTime: 20 });
  await readSql(ports)({ ...query, timeout: 60_000 }, systemCall());
  const signal = sql.asked[0]?.signal;
  await expect.poll(() => signal?.aborted).toBe(true);
  expect(signal?.reason).toMatchObject({ code: 'query_timeout' });
});

test('an engine without SQL is told so before anything else is looked at', async () => {
  const { ports } = world();
  const asked = runSql({ ...ports, sql: null })({ ...query, limit: -1 }, systemCall());
  await expect(asked).rejects.toMatchObject({ code: 'unsupported_by_engine' });
});
