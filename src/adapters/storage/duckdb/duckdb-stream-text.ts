import type { StreamFormat } from '#application/ports/record-reader.ts';
import type { StreamQuery } from '#domain/query/query.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import { writeCsvRecord } from '#formats/csv/write-csv.ts';
import { csvLine, flatJson, recordJson } from './duckdb-render.ts';
import { streamRows } from './duckdb-row-stream.ts';
import type { DuckDbStore } from './duckdb-store.ts';
import { joinTexts } from './duckdb-text.ts';

/** Rows whose text is handed over at once: a megabyte or two. */
const BLOCK_ROWS = 8192;
const FIRST_BLOCK_BYTES = 256 * 1024;

/** NDJSON and CSV, rendered by the engine as lines that nothing here looks into. */
export async function* streamText(
  store: DuckDbStore,
  query: StreamQuery,
  format: Exclude<StreamFormat, 'arrow' | 'parquet'>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (format === 'csv') {
    const names = flatColumns(query.dataset, query.fields).map(({ name }) => name);
    yield Buffer.from(writeCsvRecord(names));
  }
  const line = `concat(${rendering(query, format)}, chr(10))`;
  let bytes = FIRST_BLOCK_BYTES;
  for await (const { chunks } of streamRows(store, query, signal, line, BLOCK_ROWS)) {
    const block = joinTexts(chunks, bytes);
    // The next block is likely to be about as large.
    bytes = block.byteLength + (block.byteLength >> 4);
    yield block;
  }
}

function rendering({ dataset, fields }: StreamQuery, format: StreamFormat): string {
  if (format === 'csv') return csvLine(dataset, fields);
  return format === 'ndjson' ? recordJson(dataset, fields) : flatJson(dataset, fields);
}
