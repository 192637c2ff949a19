import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { columnType } from './duckdb-layout.ts';
import type { DuckDbParameter, DuckDbSession } from './duckdb-session.ts';
import { copierOf } from './duckdb-vectors.ts';

/** Rows of a batch, but for the last. */
const BATCH_ROWS = 61_440;

export interface RelationSelect {
  readonly sql: string;
  readonly values: readonly DuckDbParameter[];
  readonly columns: readonly ColumnSchema[];
  readonly signal: AbortSignal;
  readonly gate: AdmissionGate;
  readonly onProgress: ((part: number) => void) | undefined;
}

/** The rows of a SELECT, each column cast to the type it is to have; each call of the engine waits behind the gate. */
export async function* selectBatches(session: DuckDbSession, select: RelationSelect): AsyncGenerator<RecordBatch> {
  const { sql, values, columns, signal, gate, onProgress } = select;
  const gated = <T>(work: () => Promise<T>) => gate.run(signal, () => session.interruptible(signal, work));
  const watch = await watchProgress(session, onProgress);
  try {
    const next = await gated(() => session.stream(typedSelect(sql, columns), values, signal));
    for (;;) {
      const chunks = await gated(() => take(next));
      if (chunks.length === 0) return;
      yield toBatch(columns, chunks);
    }
  } catch (error) {
    throw computingError(error);
  } finally {
    clearInterval(watch);
    await session.endStream();
  }
}

/** How often somebody is told how far the engine is, in milliseconds. */
const TOLD_EVERY = 250;

/** The engine keeps account of its progress where it is asked to, and prints nothing. */
async function watchProgress(
  session: DuckDbSession,
  onProgress: RelationSelect['onProgress'],
): Promise<NodeJS.Timeout | undefined> {
  if (onProgress === undefined) return undefined;
  await session.execute('SET enable_progress_bar = true');
  await session.execute('SET enable_progress_bar_print = false');
  const tell = () => {
    const { percentage } = session.connection.progress;
    if (percentage >= 0) onProgress(percentage / 100);
  };
  return setInterval(tell, TOLD_EVERY).unref();
}

/** Columns are taken by their places: their names may be some that the engine takes for the same. */
function typedSelect(sql: string, columns: readonly ColumnSchema[]): string {
  const places = columns.map((_, index) => `c${index}`);
  const typed = columns.map(({ dbType }, index) => `c${index}::${columnType(dbType)}`);
  return `SELECT ${typed.join(', ')} FROM (${sql}) AS result(${places.join(', ')})`;
}

async function take(next: () => Promise<DuckDBDataChunk | null>): Promise<DuckDBDataChunk[]> {
  const chunks: DuckDBDataChunk[] = [];
  for (let rows = 0; rows < BATCH_ROWS; ) {
    const chunk = await next();
    if (chunk === null) break;
    chunks.push(chunk);
    rows += chunk.rowCount;
  }
  return chunks;
}

function toBatch(columns: readonly ColumnSchema[], chunks: readonly DuckDBDataChunk[]): RecordBatch {
  const length = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  const vectors = columns.map(({ dbType }, index) => {
    const copier = copierOf(dbType);
    copier.reserve(length);
    for (const chunk of chunks) copier.append(chunk, index);
    return copier.finish(length);
  });
  return { length, columns: vectors };
}

/** What rows can do to a computation that is right in itself. */
function computingError(error: unknown): unknown {
  if (!(error instanceof DataForgeError) || error.code !== 'internal') return error;
  const text = error.cause instanceof Error ? error.cause.message : '';
  if (!/^(Out of Range|Conversion|Invalid Input) Error/i.test(text)) return error;
  return new DataForgeError(
    'invalid_value',
    'A result is larger than a DOUBLE can hold; leave out the rows or the column with the largest values.',
    { cause: error.cause },
  );
}
