import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BatchTransformer, TransformRequest } from '#application/ports/batch-transformer.ts';
import type { SourceRows } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { jsonArrayLines } from '#formats/json/array-lines.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { loadRelation } from './duckdb-loaded-relations.ts';
import type { DuckDbScratch } from './duckdb-scratch.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { foldName } from './duckdb-sql-proof.ts';
import { proveSql, sqlError } from './duckdb-sql-sandbox.ts';

const BATCH = 'batch';
const CHUNK_BYTES = 256 * 1024;
/** One row may be this long. */
const MOST_ROW_BYTES = 64 * 1024 * 1024;
const MOST_MISSING = 200;

/** SELECTs over the rows of a batch, in a DuckDB in memory that sees nothing else but the datasets named. */
export class DuckDbBatchTransformer implements BatchTransformer {
  readonly #scratch: DuckDbScratch;

  constructor(scratch: DuckDbScratch) {
    this.#scratch = scratch;
  }

  async select({ sql, rows, datasets, signal }: TransformRequest): Promise<SourceRows> {
    return this.#withBatch(rows, signal, async (session, from) => {
      const names = datasets.map(({ name }) => foldName(name));
      const { select, read } = await proveSql(session, sql, new Set([...names, BATCH]));
      for (const relation of datasets) {
        if (read.has(foldName(relation.name))) await loadRelation(session, relation, { withOrder: false, signal });
      }
      return { from, select };
    });
  }

  async *lines(rows: SourceRows, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (rows.format === 'ndjson') yield* wholeLines(rows.body);
    else if (rows.format === 'json') yield* wholeLines(jsonArrayLines(rows.body));
    else {
      const all = async (_session: DuckDbSession, from: string) => ({ from, select: `SELECT * FROM ${BATCH}` });
      yield* wholeLines((await this.#withBatch(rows, signal, all)).body);
    }
  }

  /** Writes the batch to a file, has a SELECT made over it, and hands on what that gives as lines of JSON. */
  async #withBatch(
    rows: SourceRows,
    signal: AbortSignal,
    prepare: (session: DuckDbSession, from: string) => Promise<{ readonly from: string; readonly select: string }>,
  ): Promise<SourceRows> {
    await mkdir(this.#scratch.folder, { recursive: true });
    const stem = join(this.#scratch.folder, crypto.randomUUID());
    const [input, output] = [`${stem}.${rows.format}`, `${stem}.lines`];
    const session = await this.#scratch.openSession();
    try {
      await pipeline(Readable.from(rows.body), createWriteStream(input), { signal });
      const { from, select } = await prepare(session, await relationOf(session, rows.format, input, signal));
      const copy = `COPY (\n${select}\n) TO ${literal(output)} (FORMAT json)`;
      await session.interruptible(signal, () => runWithMissing(session, from, copy));
    } catch (error) {
      await rm(output, { force: true });
      throw sqlError(error);
    } finally {
      session.close();
      await rm(input, { force: true });
    }
    return { format: 'ndjson', body: readAndRemove(output) };
  }
}

/** How SQL reads a file of rows. */
async function relationOf(
  session: DuckDbSession,
  format: SourceRows['format'],
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const file = literal(path);
  if (format === 'parquet') return `read_parquet(${file})`;
  if (format === 'csv')
    return `read_csv(${file}, header = true, delim = ',', quote = '"', escape = '"', sample_size = -1)`;
  if (format !== 'arrow') {
    const shape = format === 'json' ? 'array' : 'newline_delimited';
    return `read_json(${file}, format = '${shape}', records = true, sample_size = -1, maximum_object_size = ${MOST_ROW_BYTES})`;
  }
  const { readArrowColumns } = await import('#formats/arrow/arrow-columns.ts');
  const { stageArrowFile } = await import('./duckdb-convert-arrow.ts');
  const columns = await readArrowColumns(createReadStream(path));
  return stageArrowFile(session.connection, { path, format, coding: null }, columns, signal);
}

/**
 * Runs a statement over the relation `batch`. A member that no row of this batch has, and rows of another may, is null
 * in it.
 */
async function runWithMissing(session: DuckDbSession, from: string, statement: string): Promise<void> {
  const missing: string[] = [];
  for (;;) {
    const added = missing.map((name) => `, NULL AS ${identifier(name)}`).join('');
    await session.execute(`CREATE OR REPLACE TEMP VIEW ${BATCH} AS SELECT *${added} FROM ${from}`);
    try {
      await session.execute(statement);
      return;
    } catch (error) {
      const name = missingColumn(error);
      if (name === null || missing.includes(name) || missing.length >= MOST_MISSING) throw error;
      missing.push(name);
    }
  }
}

function missingColumn(error: unknown): string | null {
  const text = error instanceof DataForgeError && error.cause instanceof Error ? error.cause.message : '';
  return (
    /Referenced column "(.+?)" not found in FROM clause/.exec(text)?.[1] ??
    /Table "batch" does not have a column named "(.+?)"/.exec(text)?.[1] ??
    null
  );
}

async function* readAndRemove(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: CHUNK_BYTES });
  } finally {
    await rm(file, { force: true });
  }
}

/** Chunks that end where a line ends. */
async function* wholeLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let carried: Uint8Array[] = [];
  for await (const chunk of body) {
    const end = chunk.lastIndexOf(0x0a) + 1;
    if (end > 0) {
      yield Buffer.concat([...carried, chunk.subarray(0, end)]);
      carried = [];
    }
    if (end < chunk.length) carried.push(chunk.slice(end));
  }
  if (carried.length > 0) yield Buffer.concat(carried);
}
