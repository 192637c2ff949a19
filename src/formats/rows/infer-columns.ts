import { ColumnGuesses, type GuessedType } from '#domain/dataset/infer-types.ts';
import { type Json, JsonObject, parseJson } from '#domain/record/json.ts';
import { readCsv } from '../csv/read-csv.ts';
import { splitJsonArray } from '../json/split-array.ts';
import { splitLines } from '../ndjson/split-lines.ts';

const MAX_ROW_BYTES = 64 * 1024 * 1024;

/** What a line of NDJSON or an item of a JSON array is taken for: a row in any case, or what an exported record holds. */
type RowShape = 'row' | 'record';

export type InferredColumn = GuessedType & { readonly name: string };

/** What is told of each row of a body, while it is read. */
interface RowListener {
  /** The columns of CSV. */
  addHeader(columns: readonly string[]): void;
  addCells(cells: readonly (string | null)[]): void;
  addRow(row: Json): void;
}

/** Finds the columns of rows and a type for each that takes every value; reads all of them. */
export async function inferColumns(
  body: AsyncIterable<Uint8Array>,
  format: 'csv' | 'ndjson' | 'json',
  shape: RowShape,
): Promise<readonly InferredColumn[]> {
  const guesses = new ColumnGuesses();
  await readRows(body, format, shape, [guesses]);
  return guesses.results();
}

/** Reads a body to its end, and tells each of its rows. */
export async function readRows(
  body: AsyncIterable<Uint8Array>,
  format: 'csv' | 'ndjson' | 'json',
  shape: RowShape,
  listeners: readonly RowListener[],
): Promise<void> {
  if (format === 'csv') await readCsvRows(body, listeners);
  else if (format === 'ndjson') {
    for await (const lines of splitLines(body, { maxLineBytes: MAX_ROW_BYTES })) {
      for (const { text } of lines) addRow(listeners, text, shape);
    }
  } else {
    for await (const items of splitJsonArray(body, { maxItemBytes: MAX_ROW_BYTES })) {
      for (const { text } of items) addRow(listeners, text, shape);
    }
  }
}

async function readCsvRows(body: AsyncIterable<Uint8Array>, listeners: readonly RowListener[]): Promise<void> {
  let hasHeader = false;
  for await (const records of readCsv(body, { maxRecordBytes: MAX_ROW_BYTES })) {
    for (const { cells } of records) {
      if (cells === null) continue;
      for (const listener of listeners) {
        if (hasHeader) listener.addCells(cells);
        else listener.addHeader(cells.map((name) => name ?? ''));
      }
      hasHeader = true;
    }
  }
}

/** A line that is no JSON says nothing here; the load will tell it. */
function addRow(listeners: readonly RowListener[], text: string | null, shape: RowShape): void {
  let row: Json;
  try {
    row = parseJson(text ?? '');
  } catch {
    return;
  }
  const isRecord =
    shape === 'record' &&
    row instanceof JsonObject &&
    row.get('schema_name') !== undefined &&
    row.get('data') instanceof JsonObject;
  const given = isRecord ? ((row as JsonObject).get('data') ?? null) : row;
  for (const listener of listeners) listener.addRow(given);
}
