import { ColumnGuesses, type GuessedType } from '#domain/dataset/infer-types.ts';
import { type Json, JsonObject, parseJson } from '#domain/record/json.ts';
import { readCsv } from '../csv/read-csv.ts';
import { splitJsonArray } from '../json/split-array.ts';
import { splitLines } from '../ndjson/split-lines.ts';

const MAX_ROW_BYTES = 64 * 1024 * 1024;

/** What a line of NDJSON or an item of a JSON array is taken for: a row in any case, or what an exported record holds. */
type RowShape = 'row' | 'record';

export type InferredColumn = GuessedType & { readonly name: string };

/** Finds the columns of rows and a type for each that takes every value; reads all of them. */
export async function inferColumns(
  body: AsyncIterable<Uint8Array>,
  format: 'csv' | 'ndjson' | 'json',
  shape: RowShape,
): Promise<readonly InferredColumn[]> {
  const guesses = new ColumnGuesses();
  if (format === 'csv') await guessCsv(body, guesses);
  else if (format === 'ndjson') {
    for await (const lines of splitLines(body, { maxLineBytes: MAX_ROW_BYTES })) {
      for (const { text } of lines) addRow(guesses, text, shape);
    }
  } else {
    for await (const items of splitJsonArray(body, { maxItemBytes: MAX_ROW_BYTES })) {
      for (const { text } of items) addRow(guesses, text, shape);
    }
  }
  return guesses.results();
}

async function guessCsv(body: AsyncIterable<Uint8Array>, guesses: ColumnGuesses): Promise<void> {
  let columns: ReturnType<ColumnGuesses['column']>[] | null = null;
  for await (const records of readCsv(body, { maxRecordBytes: MAX_ROW_BYTES })) {
    for (const { cells } of records) {
      if (cells === null) continue;
      if (columns === null) columns = cells.map((name) => guesses.column(name ?? ''));
      else {
        cells.forEach((cell, at) => {
          if (cell !== null) columns?.[at]?.addText(cell);
        });
      }
    }
  }
}

/** A line that is no JSON says nothing here; the load will tell it. */
function addRow(guesses: ColumnGuesses, text: string | null, shape: RowShape): void {
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
  guesses.addRow(isRecord ? ((row as JsonObject).get('data') ?? null) : row);
}
