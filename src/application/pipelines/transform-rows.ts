import { DataForgeError } from '#domain/errors.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import { datasetColumns, datasetInput } from '../analysis/dataset-input.ts';
import type { DatasetCatalog } from '../datasets/dataset-catalog.ts';
import type { BatchTransformer } from '../ports/batch-transformer.ts';
import type { RecordReader } from '../ports/record-reader.ts';
import type { Relation } from '../ports/relation-runner.ts';
import type { SourceRows } from '../ports/source.ts';

export interface TransformPorts {
  readonly transformer: BatchTransformer;
  /** The datasets that a SELECT may join, as they are now. */
  readonly joinable: (signal: AbortSignal) => Promise<readonly Relation[]>;
}

/** Rows that a function takes at once. */
const ROWS_A_CALL = 10_000;

/** Does to the rows of a batch what the pipeline says; where it says nothing, the bytes pass as they are. */
export async function transformRows(
  ports: TransformPorts,
  { name, transform }: RowPipeline,
  rows: SourceRows,
  signal: AbortSignal,
): Promise<SourceRows> {
  if (transform === null) return rows;
  if (transform.kind === 'function') {
    const lines = ports.transformer.lines(rows, signal);
    return { format: 'ndjson', body: callForLines(name, transform.run, lines) };
  }
  const datasets = await ports.joinable(signal);
  return ports.transformer.select({ sql: transform.sql, rows, datasets, signal });
}

/**
 * The datasets of a store, to be joined.
 * @param maxBytes of one of them
 */
export function joinableDatasets(catalog: DatasetCatalog, reader: RecordReader, maxBytes: number): readonly Relation[] {
  const options = { reader, maxBytes, onRows: () => {}, onWait: () => {} };
  return catalog.list().map((dataset) => ({
    name: dataset.name,
    input: datasetInput(dataset, null, options),
    columns: datasetColumns(dataset).map(({ name }) => name),
  }));
}

async function* callForLines(
  pipeline: string,
  run: (...given: unknown[]) => unknown,
  lines: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let waiting: unknown[] = [];
  for await (const chunk of lines) {
    for (const line of Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString().split('\n')) {
      if (line.trim() !== '') waiting.push(parseRow(line));
    }
    if (waiting.length < ROWS_A_CALL) continue;
    yield await call(pipeline, run, waiting);
    waiting = [];
  }
  if (waiting.length > 0) yield await call(pipeline, run, waiting);
}

async function call(pipeline: string, run: (...given: unknown[]) => unknown, rows: unknown[]): Promise<Uint8Array> {
  let made: unknown;
  try {
    made = await run(rows);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataForgeError('invalid_body', `The transform of pipeline "${pipeline}" has failed: ${reason}`, {
      cause,
    });
  }
  if (!Array.isArray(made)) {
    throw new DataForgeError('invalid_body', `The transform of pipeline "${pipeline}" must give back a list of rows.`);
  }
  return Buffer.from(made.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function parseRow(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new DataForgeError('invalid_body', 'A row of the source is not JSON.', { cause });
  }
}
