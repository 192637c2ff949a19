import { DB_TYPES_OF, type DbType, formatDbType, type PropertyType, parseDbType } from '#domain/dataset/db-type.ts';
import { ColumnGuesses } from '#domain/dataset/infer-types.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonObject, parseJson } from '#domain/record/json.ts';
import { readCsv } from '#formats/csv/read-csv.ts';
import { splitJsonArray } from '#formats/json/split-array.ts';
import { splitLines } from '#formats/ndjson/split-lines.ts';
import type { FileKind } from './files.ts';
import type { FoundColumn } from './host.ts';

const MAX_ROW_BYTES = 64 * 1024 * 1024;

/** What a line of NDJSON or an item of a JSON array is taken for: a row in any case, or what an exported record holds. */
type RowShape = 'row' | 'record';

/** Finds the columns of a file of rows and a type for each that takes every value; reads all of it. */
export async function inferColumns(
  body: AsyncIterable<Uint8Array>,
  kind: FileKind,
  shape: RowShape,
): Promise<readonly FoundColumn[]> {
  const guesses = new ColumnGuesses();
  if (kind.format === 'csv') await guessCsv(body, guesses);
  else if (kind.format === 'ndjson') {
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

const SYSTEM_COLUMNS = ['id', 'created_at', 'updated_at', 'version'];

/** A file that we exported has the system columns, which no dataset file names. */
export function withoutSystemColumns(columns: readonly FoundColumn[]): readonly FoundColumn[] {
  const exported = (prefix: string) =>
    SYSTEM_COLUMNS.every((name) => columns.some((column) => column.name === prefix + name));
  const system = SYSTEM_COLUMNS.flatMap((name) => [...(exported('') ? [name] : []), `_${name}`]);
  return columns.filter(({ name }) => !system.includes(name));
}

/** The content of a dataset file for these columns. */
export function datasetFileOf(name: string, columns: readonly FoundColumn[]): object {
  if (columns.length === 0)
    throw new DataForgeError('invalid_body', 'The file has no columns, so no dataset can be made of it.');
  return {
    name,
    properties: columns.map((column) => {
      const dbType = parseDbType(column.dbType) ?? { name: 'VARCHAR' };
      const type = column.type ?? propertyTypeOf(dbType);
      const isDefault = DB_TYPES_OF[type][0] === dbType.name;
      return { name: column.name, type, ...(isDefault ? {} : { db_type: formatDbType(dbType) }) };
    }),
  };
}

function propertyTypeOf(dbType: DbType): PropertyType {
  if (dbType.name === 'JSON') return 'object';
  const types = Object.keys(DB_TYPES_OF) as PropertyType[];
  return types.find((type) => DB_TYPES_OF[type].includes(dbType.name)) ?? 'string';
}
