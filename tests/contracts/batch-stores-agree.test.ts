import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlightBatchStore } from '#adapters/server/flight-batch-store.ts';
import { JsonBatchStore } from '#adapters/server/json-batch-store.ts';
import { ServerClient } from '#adapters/server/server-client.ts';
import type { BulkFormat } from '#application/ports/bulk-loader.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { type JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import type { Value } from '#domain/record/value.ts';
import { startServer } from '../e2e/rest/support/server.ts';
import { anyValueOf } from '../support/any-dataset.ts';
import { inPieces } from '../support/bytes.ts';
import { type OpenedBatchStore, put, take } from './batch-store/batch-store.ts';
import { openLocal, openOverServer, pipelineFiles } from './batch-store/fixture.ts';

const TYPES: Readonly<Record<string, DbType>> = {
  flag: { name: 'BOOLEAN' },
  big: { name: 'BIGINT' },
  whole: { name: 'INTEGER' },
  small: { name: 'SMALLINT' },
  double: { name: 'DOUBLE' },
  price: { name: 'DECIMAL', precision: 38, scale: 10 },
  day: { name: 'DATE' },
  clock: { name: 'TIME' },
  moment: { name: 'TIMESTAMP' },
  ref: { name: 'UUID' },
  text: { name: 'VARCHAR' },
};
const WORDS: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  BIGINT: 'integer',
  INTEGER: 'integer',
  SMALLINT: 'integer',
  DOUBLE: 'number',
  DECIMAL: 'number',
};
const properties = Object.entries(TYPES).map(([name, type]) => ({
  name,
  type: WORDS[type.name] ?? 'string',
  db_type: type.name === 'DECIMAL' ? `DECIMAL(${type.precision},${type.scale})` : type.name,
}));
const ALL = [...Object.entries(TYPES), ['list', { name: 'JSON' }] as const];
const files = {
  'typed.json': JSON.stringify({ name: 'typed', properties: [...properties, { name: 'list', type: 'array' }] }),
};
const PIPELINES = pipelineFiles({ typed: { dataset: 'typed' } });
const ROWS = 1500;
const FORMATS: Readonly<Record<BulkFormat, string>> = {
  ndjson: 'application/x-ndjson',
  json: 'application/json',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
};

/** A value as JSON has it. */
function jsonOf(type: DbType, value: Value): string {
  const isBare = ['BIGINT', 'DECIMAL', 'JSON'].includes(type.name) && value !== null;
  return isBare ? String(value) : JSON.stringify(value);
}

function anyRows(): string[] {
  const row = fc.tuple(...ALL.map(([, type]) => fc.option(anyValueOf(type), { freq: 6 })));
  return fc.sample(row, ROWS).map((values) => {
    const members = ALL.map(([name, type], at) => `"${name}":${jsonOf(type, values[at] as Value)}`);
    return `{${members.join()}}`;
  });
}

/** The same rows in every format, as a server of its own writes them. */
async function bodiesOf(rows: readonly string[]): Promise<Readonly<Record<string, Uint8Array>>> {
  const server = await startServer('duckdb', { files });
  try {
    const headers = { 'content-type': 'application/x-ndjson' };
    const loaded = await server.call('POST', '/records/typed/bulk', { headers, body: rows.join('\n') });
    expect(loaded.status, loaded.text).toBe(201);
    const sql = `SELECT ${ALL.map(([name]) => `"${name}"`).join()} FROM typed ORDER BY _seq`;
    const bodies = Object.entries(FORMATS).map(async ([format, accept]) => {
      if (format === 'json') return [format, Buffer.from(`[${rows.join()}]`)];
      if (format === 'ndjson') return [format, Buffer.from(rows.join('\n'))];
      const answer = await server.fetch('POST', '/query', {
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ sql }),
      });
      expect(answer.status).toBe(200);
      return [format, new Uint8Array(await answer.arrayBuffer())];
    });
    return Object.fromEntries(await Promise.all(bodies));
  } finally {
    await server.close();
  }
}

describe('a batch means the same on every road', () => {
  let bodies: Readonly<Record<string, Uint8Array>>;
  beforeAll(async () => {
    bodies = await bodiesOf(anyRows());
  }, 60_000);
  const opened: OpenedBatchStore[] = [];
  afterAll(async () => {
    for (const each of opened) await each.dispose();
  });

  /** What is stored of a body, value by value, and how far the pipeline is behind it. */
  async function storedBy(open: () => Promise<OpenedBatchStore>, format: BulkFormat) {
    const store = await open();
    opened.push(store);
    await take(store, 'typed');
    const body = inPieces(bodies[format] as Uint8Array, 10_007);
    const { state } = await put(store, { pipeline: 'typed', rows: { format, body } });
    const { created, rejected } = state.counts;
    const values = (await store.stored('typed')).map((line) => {
      const record = parseJson(line) as JsonObject;
      return ALL.map(([name]) => writeJson(record.get(name) ?? null)).join();
    });
    return { created, rejected, values };
  }

  const overServer = (connect: Parameters<typeof openOverServer>[0]) => () =>
    openOverServer(connect, { files, pipelines: PIPELINES });

  test.for(Object.keys(FORMATS) as BulkFormat[])('%s', { timeout: 60_000 }, async (format) => {
    const local = await storedBy(() => openLocal(files, PIPELINES), format);
    expect(local).toMatchObject({ created: ROWS, rejected: 0 });
    const flight = await storedBy(
      overServer(({ url }) => {
        const store = new FlightBatchStore(new ServerClient({ url, token: null }), null);
        return { store, close: () => store.close() };
      }),
      format,
    );
    expect(flight).toEqual(local);
    const json = await storedBy(
      overServer(({ url }) => ({ store: new JsonBatchStore(new ServerClient({ url, token: null })), close: () => {} })),
      format,
    );
    expect(json).toEqual(local);
  });
});
