import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonSyntaxError, parseJson } from '#domain/record/json.ts';
import type { NewRow, RowValidator, RowVerdict } from '#domain/record/validate-row.ts';
import { splitJsonArray } from '../json/split-array.ts';
import { splitLines } from '../ndjson/split-lines.ts';
import { quickRowReader } from './quick-json-row.ts';
import { garbledRow, type UploadedRow } from './uploaded-row.ts';

/** Reads NDJSON: a row or a whole record a line. */
export async function* readNdjsonRows(
  body: AsyncIterable<Uint8Array>,
  validator: RowValidator,
  limits: { readonly maxRowBytes: number },
): AsyncGenerator<UploadedRow[]> {
  const readQuickly = quickRowReader(validator);
  for await (const lines of splitLines(body, { maxLineBytes: limits.maxRowBytes })) {
    yield lines.map(({ number, text }) => {
      if (text === null) return garbledRow(number, 'This line is not valid UTF-8.');
      const row = readQuickly(text);
      if (row !== null) return { ok: true, line: number, row, id: null };
      const json = parse(text);
      if (json instanceof JsonSyntaxError) return garbledRow(number, `This line is not JSON: ${json.message}.`);
      return uploaded(number, validator.createFromLine(json, ''));
    });
  }
}

/**
 * Reads a JSON array of rows; the line of a row is its place in the array, counted from 1.
 * @throws DataForgeError `invalid_body` where it is no JSON array: with one fault in it, nobody knows where rows end
 */
export async function* readJsonRows(
  body: AsyncIterable<Uint8Array>,
  validator: RowValidator,
  limits: { readonly maxRowBytes: number },
): AsyncGenerator<UploadedRow[]> {
  const readQuickly = quickRowReader(validator);
  for await (const items of splitJsonArray(body, { maxItemBytes: limits.maxRowBytes })) {
    yield items.map(({ number, text }) => {
      const row = readQuickly(text);
      if (row !== null) return { ok: true, line: number, row, id: null };
      const json = parse(text);
      if (json instanceof JsonSyntaxError) {
        throw new DataForgeError('invalid_body', `Item ${number} of the JSON array is not JSON: ${json.message}.`);
      }
      return uploaded(number, validator.create(json, ''));
    });
  }
}

function parse(text: string): Json | JsonSyntaxError {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
}

function uploaded(line: number, verdict: RowVerdict<NewRow>): UploadedRow {
  return verdict.ok
    ? { ok: true, line, row: verdict.value.row, id: verdict.value.id }
    : { ok: false, line, faults: verdict.faults, garbled: false };
}
