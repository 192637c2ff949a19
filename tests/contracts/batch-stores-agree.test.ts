import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BulkFormat } from '#application/ports/bulk-loader.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { type JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import type { Value } from '#domain/record/value.ts';
import { DATASET_FILES } from '../e2e/rest/support/datasets.ts';
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
const FILES = {
  'every.yaml': DATASET_FILES['every.yaml'] as string,
  'typed.json': JSON.stringify({ name: 'typed', properties: [...properties, { name: 'list', type: 'array' }] }),
};
const PIPELINES = pipelineFiles({ typed: { dataset: 'typed' }, every: { dataset: 'every' } });
const OF_THE_STORE = new Set(['id', 'created_at', 'updated_at', 'version']);
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
  const server = await startServer('duckdb', { files: FILES });
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

const FIXTURES = ['exact.arrow', 'exact-lz4.arrow', 'exact-zstd.arrows', 'exact-legacy.arrows', 'other-types.arrows'];

interface Sent {
  readonly dataset: string;
  readonly format: BulkFormat;
  readonly bytes: Uint8Array;
}

/** What is stored of a body, value by value. */
async function storedBy(open: () => Promise<OpenedBatchStore>, { dataset, format, bytes }: Sent) {
  const opened = await open();
  try {
    await take(opened, dataset);
    const rows = { format, body: inPieces(bytes, 10_007) };
    const { created, rejected } = (await put(opened, { pipeline: dataset, rows })).state.counts;
    const values = (await opened.stored(dataset)).map((line) => {
      const { members } = parseJson(line) as JsonObject;
      return members
        .filter(({ name }) => !OF_THE_STORE.has(name))
        .map(({ name, value }) => `${name}: ${writeJson(value)}`);
    });
    return { created, rejected, values };
  } finally {
    await opened.dispose();
  }
}

async function expectSame(sent: Sent, created: number): Promise<void> {
  const local = await storedBy(() => openLocal(FILES, PIPELINES), sent);
  expect(local).toMatchObject({ created, rejected: 0 });
  for (const road of ['flight', 'json'] as const) {
    expect(await storedBy(() => openOverServer(road, { files: FILES, pipelines: PIPELINES }), sent)).toEqual(local);
  }
}

describe('a batch means the same on every road', () => {
  let bodies: Readonly<Record<string, Uint8Array>>;
  beforeAll(async () => {
    bodies = await bodiesOf(anyRows());
  }, 60_000);

  test.for(Object.keys(FORMATS) as BulkFormat[])('%s', { timeout: 60_000 }, async (format) => {
    await expectSame({ dataset: 'typed', format, bytes: bodies[format] as Uint8Array }, ROWS);
  });

  test.for(FIXTURES)('%s of another program', { timeout: 60_000 }, async (name) => {
    const bytes = await readFile(new URL(`../fixtures/arrow/${name}`, import.meta.url));
    await expectSame({ dataset: 'every', format: 'arrow', bytes }, 3);
  });
});
