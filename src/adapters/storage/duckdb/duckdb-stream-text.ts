import type { DuckDBBlobValue, DuckDBDataChunk } from '@duckdb/node-api';
import type { StreamFormat } from '#application/ports/record-reader.ts';
import type { StreamQuery } from '#domain/query/query.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import { writeCsvRecord } from '#formats/csv/write-csv.ts';
import { csvLine, flatJson, recordJson } from './duckdb-render.ts';
import { readSlices, SLICE_ROWS, type Slice } from './duckdb-slices.ts';
import { readSorted } from './duckdb-sorted.ts';
import type { DuckDbStore } from './duckdb-store.ts';
import { copierOf } from './duckdb-vectors.ts';

/** Rows whose text is one value of the engine's answer. */
const ROWS_OF_A_BLOCK = 8192;

/** NDJSON and CSV, rendered by the engine as blocks of bytes that nothing here looks into. */
export async function* streamText(
  store: DuckDbStore,
  query: StreamQuery,
  format: Exclude<StreamFormat, 'arrow' | 'parquet'>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const line = rendering(query, format);
  if (format === 'csv') {
    const names = flatColumns(query.dataset, query.fields).map(({ name }) => name);
    yield Buffer.from(writeCsvRecord(names));
  }
  if (query.sort.length > 0) {
    for await (const { chunks, rows } of readSorted(store, query, signal, `concat(${line}, chr(10))`)) {
      yield joinTexts(chunks, rows);
    }
    return;
  }
  for await (const { blocks } of readSlices(store, query, signal, SLICE_ROWS.text, (slice) =>
    readBlocks(slice, line),
  )) {
    yield* blocks;
  }
}

function rendering({ dataset, fields }: StreamQuery, format: StreamFormat): string {
  if (format === 'csv') return csvLine(dataset, fields);
  return format === 'ndjson' ? recordJson(dataset, fields) : flatJson(dataset, fields);
}

/** The bytes of one column of texts, one behind the other. */
function joinTexts(chunks: readonly DuckDBDataChunk[], rows: number): Uint8Array {
  const texts = copierOf({ name: 'VARCHAR' });
  texts.reserve(rows);
  for (const chunk of chunks) texts.append(chunk, 0);
  return texts.finish(rows).data;
}

async function readBlocks(slice: Slice, line: string): Promise<{ rows: number; blocks: Uint8Array[] }> {
  const result = await slice.session.all(
    `SELECT encode(string_agg(${line}, chr(10) ORDER BY rowid) || chr(10)), count(*) ` +
      `${slice.from} GROUP BY rowid // ${ROWS_OF_A_BLOCK} ORDER BY min(rowid)`,
    slice.parameters.values,
  );
  let rows = 0;
  const blocks = result.getRows().map(([block, count]) => {
    rows += Number(count);
    return (block as DuckDBBlobValue).bytes;
  });
  return { rows, blocks };
}
