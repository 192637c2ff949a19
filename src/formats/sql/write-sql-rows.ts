import { setImmediate } from 'node:timers/promises';
import type { SqlBatch, SqlColumn, SqlType, SqlVector } from '#domain/sql/sql-type.ts';
import { writeCell, writeCsvRecord } from '../csv/write-csv.ts';
import { jsonWriter, textWriter } from './sql-values.ts';

/** The rows of a batch as JSON arrays, a value a column. */
export function* rowsAsArrays(columns: readonly SqlColumn[], batch: SqlBatch): Generator<string> {
  const writers = columns.map(({ type }, index) => jsonWriter(type, vectorAt(batch, index)));
  for (let at = 0; at < batch.length; at++) yield `[${writers.map((write) => write(at)).join(',')}]`;
}

/** NDJSON: an object a row, in the columns' order. */
export async function* writeSqlNdjson(
  columns: readonly SqlColumn[],
  batches: AsyncIterable<SqlBatch>,
): AsyncGenerator<Uint8Array> {
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  for await (const batch of batches) {
    const writers = columns.map(({ type }, index) => jsonWriter(type, vectorAt(batch, index)));
    const line = (at: number) => `{${writers.map((write, index) => names[index] + write(at)).join(',')}}\n`;
    yield* inBlocks(batch.length, line);
  }
}

/** CSV with a header: empty is null, `""` the empty string. */
export async function* writeSqlCsv(
  columns: readonly SqlColumn[],
  batches: AsyncIterable<SqlBatch>,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(writeCsvRecord(columns.map(({ name }) => name)));
  for await (const batch of batches) {
    const writers = columns.map(({ type }, index) => cellWriter(type, vectorAt(batch, index)));
    yield* inBlocks(batch.length, (at) => `${writers.map((write) => write(at)).join(',')}\n`);
  }
}

const NEED_QUOTES: readonly SqlType['kind'][] = ['text', 'json', 'enum', 'list', 'struct', 'map'];

function cellWriter(type: SqlType, vector: SqlVector): (at: number) => string {
  const write = textWriter(type, vector);
  return NEED_QUOTES.includes(type.kind) ? (at) => writeCell(write(at)) : (at) => write(at) ?? '';
}

/** Rows whose text is one block of bytes. */
const ROWS_OF_A_BLOCK = 1024;

/** Between two blocks others get their turn. */
async function* inBlocks(rows: number, line: (at: number) => string): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < rows; from += ROWS_OF_A_BLOCK) {
    let text = '';
    for (let at = from; at < Math.min(rows, from + ROWS_OF_A_BLOCK); at++) text += line(at);
    yield Buffer.from(text);
    await setImmediate();
  }
}

function vectorAt({ columns }: SqlBatch, index: number): SqlVector {
  const vector = columns[index];
  if (vector === undefined) throw new RangeError(`a batch lacks the column ${index}`);
  return vector;
}
