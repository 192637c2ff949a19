import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonSyntaxError, parseJson } from '#domain/record/json.ts';
import type { RowValidator } from '#domain/record/validate-row.ts';
import { guessArrayLines, jsonArrayLines } from '#formats/json/array-lines.ts';
import { splitLines } from '#formats/ndjson/split-lines.ts';
import { readNdjsonRows } from '#formats/rows/read-json-rows.ts';
import type { UploadedRow } from '#formats/rows/uploaded-row.ts';
import { type Block, LineCutter, spoolAhead } from './duckdb-blocks.ts';
import {
  MAX_ROW_BYTES,
  reject,
  type StagedBlock,
  StagedCorrections,
  type StagingContext,
} from './duckdb-load-context.ts';
import { stageExactly } from './duckdb-stage-exactly.ts';
import { findLayout, stageLines } from './duckdb-stage-ndjson.ts';

const SAMPLE_LINES = 32;

type ReadRows = (file: string) => AsyncIterable<UploadedRow[]>;

/** NDJSON: the engine reads lines of the expected shape, the domain's own rule the others. */
export async function* stageNdjson(context: StagingContext): AsyncGenerator<StagedBlock> {
  const read: ReadRows = (file) =>
    readNdjsonRows(createReadStream(file), context.validator, { maxRowBytes: MAX_ROW_BYTES });
  yield* stageLineBlocks(context, context.request.body, read, true);
}

/** A JSON array, an item a line. */
export async function* stageJsonArray(context: StagingContext): AsyncGenerator<StagedBlock> {
  const { whole, body } = await takeWhole(context.request.body);
  const guessed = whole === null || whole.length > context.blocks.bytes ? null : guessArrayLines(whole);
  const sure = guessed === null ? null : await stageSure(context, guessed);
  if (sure !== null) {
    yield sure;
    return;
  }
  const read: ReadRows = (file) => readItemLines(file, context.validator);
  yield* stageLineBlocks(context, jsonArrayLines(body), read, false);
}

/** A body that comes in one piece, as one that was in memory does, and in any case the body. */
async function takeWhole(
  body: AsyncIterable<Uint8Array>,
): Promise<{ whole: Uint8Array | null; body: AsyncIterable<Uint8Array> }> {
  const chunks = body[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return { whole: null, body: chunksOf([]) };
  const second = await chunks.next();
  if (second.done) return { whole: first.value, body: chunksOf([first.value]) };
  return { whole: null, body: chunksOf([first.value, second.value], chunks) };
}

async function* chunksOf(taken: readonly Uint8Array[], rest?: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* taken;
  if (rest !== undefined) yield* { [Symbol.asyncIterator]: () => rest };
}

/** Stages lines as one block if the engine is sure of every one; null, and nothing is staged, where it is not. */
async function stageSure(context: StagingContext, lines: Uint8Array): Promise<StagedBlock | null> {
  const { spoolDir, request, staging } = context;
  const options = { spoolDir, blockBytes: Number.POSITIVE_INFINITY, extension: 'ndjson', signal: request.signal };
  for await (const block of spoolAhead(chunksOf([lines]), new LineCutter(), options)) {
    try {
      const read = await readByEngine(context, block, false);
      if (read !== null && read.sure === read.rows) {
        return { complete: true, rows: read.rows, lineOf: (place) => place + 1 };
      }
    } finally {
      await rm(block.file, { force: true });
    }
  }
  await staging.restart();
  return null;
}

async function* stageLineBlocks(
  context: StagingContext,
  body: AsyncIterable<Uint8Array>,
  read: ReadRows,
  wholeRecords: boolean,
): AsyncGenerator<StagedBlock> {
  const { spoolDir, request } = context;
  let linesBefore = 0;
  for await (const block of spoolAhead(body, new LineCutter(), {
    spoolDir,
    blockBytes: context.blocks.bytes,
    extension: 'ndjson',
    signal: request.signal,
  })) {
    try {
      const staged = await stageBlock(context, block, linesBefore, read, wholeRecords);
      yield staged;
      linesBefore += staged.lines;
    } finally {
      await rm(block.file, { force: true });
    }
  }
}

async function stageBlock(
  context: StagingContext,
  block: Block,
  linesBefore: number,
  read: ReadRows,
  wholeRecords: boolean,
): Promise<StagedBlock & { readonly lines: number }> {
  const { lines } = block.scan;
  const engine = await readByEngine(context, block, wholeRecords);
  if (engine === null) return { ...(await stageExactly(context, read(block.file), linesBefore)), lines };
  const lineOf = (place: number) => linesBefore + place + 1;
  const { rows, sure, unsure } = engine;
  if (unsure > 0) await settle(context, block, lineOf, read);
  return { complete: sure === rows, rows, lines, lineOf };
}

/** What the engine made of a block, a row a line: how many it is sure of, not sure of; the others are blank lines. */
interface EngineRows {
  readonly rows: number;
  readonly sure: number;
  readonly unsure: number;
}

/** Has the engine read a block; null where it cannot be trusted with it. */
async function readByEngine(context: StagingContext, block: Block, wholeRecords: boolean): Promise<EngineRows | null> {
  const { session, staging, request } = context;
  const samples = Buffer.from(block.head).toString('utf8').split('\n').slice(0, SAMPLE_LINES);
  const layout = findLayout(request.dataset, samples, wholeRecords);
  const { lineEnd, isPlainText, lines } = block.scan;
  if (layout === null || lineEnd === null || !isPlainText) return null;
  await session.interruptible(request.signal, () =>
    session.execute(stageLines(request.dataset, layout, samples[0] ?? '', { file: block.file, lineEnd })),
  );
  const [row] = await session.rows(
    `SELECT count(*), count(*) FILTER (ok), count(*) FILTER (NOT ok) FROM temp.staged WHERE ${staging.isOfBlock}`,
  );
  const [rows = 0, sure = 0, unsure = 0] = (row ?? []).map(Number);
  return rows === lines ? { rows, sure, unsure } : null;
}

/** Reads the lines that the engine was not sure of once more, by the exact rule. */
async function settle(
  context: StagingContext,
  block: Block,
  lineOf: (place: number) => number,
  read: ReadRows,
): Promise<void> {
  const { session, staging, rejections } = context;
  const places = await session.rows(
    `SELECT rowid - ${staging.before} FROM temp.staged WHERE NOT ok AND ${staging.isOfBlock}`,
  );
  const unsure = new Set(places.map(([place]) => Number(place)));
  const corrections = new StagedCorrections(context);
  for await (const rows of read(block.file)) {
    for (const row of rows) {
      if (!unsure.has(row.line - 1)) continue;
      if (row.ok) await corrections.add(row.line - 1, row);
      else reject(context, lineOf(row.line - 1), row);
    }
    if (rejections.isFull) break;
  }
  await corrections.flush();
}

async function* readItemLines(file: string, validator: RowValidator): AsyncGenerator<UploadedRow[]> {
  for await (const lines of splitLines(createReadStream(file), { maxLineBytes: MAX_ROW_BYTES })) {
    yield lines.map(({ number, text }): UploadedRow => {
      const verdict = validator.create(parseItem(text ?? '', number), '');
      return verdict.ok
        ? { ok: true, line: number, ...verdict.value }
        : { ok: false, line: number, faults: verdict.faults, garbled: false };
    });
  }
}

function parseItem(text: string, number: number): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new DataForgeError('invalid_body', `Item ${number} of the JSON array is not JSON: ${error.message}.`);
  }
}
