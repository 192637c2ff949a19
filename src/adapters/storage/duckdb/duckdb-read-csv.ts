import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { DataForgeError } from '#domain/errors.ts';
import { matchUploadColumns, type UploadColumn } from '#domain/record/upload-columns.ts';
import { readCsv } from '#formats/csv/read-csv.ts';
import { readCsvRows } from '#formats/rows/read-csv-rows.ts';
import { type Block, spoolAhead } from './duckdb-blocks.ts';
import { COMMA, CsvCutter, haveCells } from './duckdb-csv-cutter.ts';
import { type LoadContext, MAX_ROW_BYTES, type StagedBlock, type StagingContext } from './duckdb-load-context.ts';
import { stageCsv } from './duckdb-stage-csv.ts';
import { stageExactly } from './duckdb-stage-exactly.ts';

/** CSV: the engine reads blocks in which every field has the expected shape, the domain's own rule the others. */
export async function* stageCsvBody(context: StagingContext): AsyncGenerator<StagedBlock> {
  const { spoolDir, request } = context;
  const header = new CsvHeader();
  const cutter = new CsvCutter();
  const options = {
    spoolDir,
    blockBytes: context.blocks.bytes,
    extension: 'csv',
    signal: request.signal,
    prefix: () => header.bytes,
  };
  let linesBefore = 0;
  for await (const block of spoolAhead(header.watch(request.body), cutter, options)) {
    try {
      const columns = await header.columns(context);
      const staged = await stageBlock(context, block, cutter, columns, linesBefore);
      yield staged;
      linesBefore += staged.lines;
    } finally {
      await rm(block.file, { force: true });
    }
  }
}

/** The first record of a body: what its columns are, and its bytes, which every further block begins with. */
class CsvHeader {
  #bytes: Uint8Array = new Uint8Array(0);
  #complete = false;
  #columns: readonly UploadColumn[] | null = null;

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Passes the body on and keeps its first record. */
  async *watch(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const cutter = new CsvCutter();
    for await (const chunk of body) {
      if (!this.#complete) {
        const end = firstRecordEnd(chunk, cutter);
        this.#bytes = Buffer.concat([this.#bytes, end > 0 ? chunk.subarray(0, end) : chunk]);
        this.#complete = end > 0;
        if (this.#bytes.length > MAX_ROW_BYTES) throw new DataForgeError('invalid_body', 'The CSV header has no end.');
      }
      yield chunk;
    }
  }

  /** What the columns mean; null where the header is for the exact reader to judge. */
  async columns({ request }: LoadContext): Promise<readonly UploadColumn[] | null> {
    if (this.#columns !== null) return this.#columns;
    for await (const [record] of readCsv(once(this.#bytes), { maxRecordBytes: MAX_ROW_BYTES })) {
      if (record?.cells === null || record === undefined) return null;
      const { columns, faults } = matchUploadColumns(
        request.dataset,
        record.cells.map((cell) => cell ?? ''),
      );
      if (faults.length > 0) return null;
      this.#columns = columns;
      return columns;
    }
    return null;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function firstRecordEnd(chunk: Uint8Array, cutter: CsvCutter): number {
  for (let at = chunk.indexOf(0x0a), start = 0; at >= 0; at = chunk.indexOf(0x0a, start)) {
    const end = cutter.cut(chunk.subarray(start, at + 1));
    if (end > 0) return at + 1;
    start = at + 1;
  }
  cutter.cut(chunk.subarray(chunk.lastIndexOf(0x0a) + 1));
  return 0;
}

async function stageBlock(
  context: StagingContext,
  block: Block,
  cutter: CsvCutter,
  columns: readonly UploadColumn[] | null,
  linesBefore: number,
): Promise<StagedBlock & { readonly lines: number }> {
  const { session, staging, request } = context;
  const { lineEnd, isPlainText, lines } = block.scan;
  const headerBefore = block.index > 0 ? 1 : 0;
  const exactly = async () => {
    const rows = readCsvRows(createReadStream(block.file), context.validator, { maxRowBytes: MAX_ROW_BYTES });
    return { ...(await stageExactly(context, rows, linesBefore - headerBefore)), lines: lines - headerBefore };
  };
  if (columns === null || lineEnd === null || !isPlainText || cutter.hasStrayQuotes) {
    return exactly();
  }
  const sql = stageCsv(request.dataset, columns, block.file, lineEnd);
  await session.interruptible(request.signal, () => session.execute(sql));
  const [row] = await session.rows(`SELECT count(*), count(*) FILTER (ok) FROM temp.staged WHERE ${staging.isOfBlock}`);
  const [rows, sure] = (row ?? []).map(Number);
  const hasCommaAtEnd = cutter.hasCommaBeforeLineEnd || block.scan.lastByte === COMMA;
  const fits = !hasCommaAtEnd || (await haveCells(block.file, lines, columns.length));
  if (rows !== sure || rows !== lines - 1 || !fits) {
    return exactly();
  }
  const lineOf = (place: number) => linesBefore - headerBefore + place + 2;
  return { complete: true, rows, lines: lines - headerBefore, lineOf };
}
