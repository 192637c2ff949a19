import { DataForgeError } from '#domain/errors.ts';
import { type SqlBatch, type SqlColumn, type SqlParameters, sizeOfBatch } from '#domain/sql/sql-type.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { SqlFormat, SqlRequest, SqlRunner } from '../../ports/sql-runner.ts';
import type { StreamPlaces } from '../../records/queries/stream-records.ts';
import { startTimeLimit, streamWithTimeLimit, withTimeLimit } from '../../time-limit.ts';

export interface RunSqlRequest {
  readonly sql: string;
  readonly parameters: SqlParameters;
  /** At most so many rows; null for the default. */
  readonly limit: number | null;
  /** Milliseconds, at most what the configuration allows; null for that. */
  readonly timeout: number | null;
}

export interface SqlPorts {
  /** null where the engine runs no SQL. */
  readonly sql: SqlRunner | null;
  readonly catalog: DatasetCatalog;
  readonly limits: Limits;
  /** Counts the queries under way. */
  readonly places: StreamPlaces;
}

/** The rows of an answer that is held in memory. */
export interface SqlAnswer {
  readonly columns: readonly SqlColumn[];
  readonly batches: readonly SqlBatch[];
  /** Of all batches together, the last one may hold more rows than are to be shown. */
  readonly rowCount: number;
  /** There would have been more. */
  readonly truncated: boolean;
}

/** A few rows of a query. */
export function runSql(ports: SqlPorts) {
  return async (request: RunSqlRequest, call: Call): Promise<SqlAnswer> => {
    const { limits, places } = ports;
    const runner = openRunner(ports, call);
    const limit = readLimit(request.limit) ?? limits.defaultSqlRows;
    return withTimeLimit(call.signal, readTimeout(request.timeout, limits), async (signal) => {
      const asked = { ...request, datasets: ports.catalog.list(), limit: limit + 1, signal };
      const { columns, batches } = await call.observation.timeAsync('engine', () => runner.run(asked));
      const held: SqlBatch[] = [];
      let rows = 0;
      let bytes = 0;
      for await (const batch of places.hold(batches)) {
        held.push(batch);
        rows += batch.length;
        bytes += sizeOfBatch(batch);
        if (bytes > limits.maxSqlAnswerBytes) throw tooLarge(limits.maxSqlAnswerBytes);
      }
      const rowCount = Math.min(rows, limit);
      call.observation.rows = rowCount;
      return { columns, batches: held, rowCount, truncated: rows > limit };
    });
  };
}

export interface StreamSqlRequest extends RunSqlRequest {
  readonly format: SqlFormat;
}

/** All rows of a query as bytes of a wire format. */
export function streamSql(ports: SqlPorts) {
  return async (request: StreamSqlRequest, call: Call) => {
    const { limits, places } = ports;
    const runner = openRunner(ports, call);
    const timeout = readTimeout(request.timeout, limits);
    const asked = { ...request, datasets: ports.catalog.list(), limit: readLimit(request.limit), signal: call.signal };
    const bytes = streamWithTimeLimit(call.signal, timeout, (signal) =>
      render(runner, { ...asked, signal }, request.format, limits.maxSqlBytes),
    );
    return { bytes: places.hold(bytes) };
  };
}

async function* render(
  runner: SqlRunner,
  request: SqlRequest,
  format: SqlFormat,
  most: number,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const block of (await runner.render(request, format)).bytes) {
    sent += block.byteLength;
    if (sent > most) throw tooLarge(most);
    yield block;
  }
}

/**
 * All rows of a query as batches, for a protocol that has its own way of sending them. The query begins with the first
 * batch that is asked for; the time counts from here.
 */
export function readSql(ports: SqlPorts) {
  return async (request: RunSqlRequest, call: Call) => {
    const { limits, places } = ports;
    const runner = openRunner(ports, call);
    const limit = readLimit(request.limit);
    const { signal, end } = startTimeLimit(call.signal, readTimeout(request.timeout, limits));
    try {
      const { columns, batches } = await runner.run({ ...request, datasets: ports.catalog.list(), limit, signal });
      return { columns, batches: places.hold(bounded(batches, limits.maxSqlBytes, end)) };
    } catch (error) {
      end();
      throw error;
    }
  };
}

async function* bounded(batches: AsyncIterable<SqlBatch>, most: number, end: () => void): AsyncGenerator<SqlBatch> {
  let sent = 0;
  try {
    for await (const batch of batches) {
      sent += sizeOfBatch(batch);
      if (sent > most) throw tooLarge(most);
      yield batch;
    }
  } finally {
    end();
  }
}

/** @throws DataForgeError `forbidden`, or `unsupported_by_engine` where the engine runs no SQL */
export function openRunner({ sql }: SqlPorts, call: Call): SqlRunner {
  requireRight(call.caller, 'read');
  if (sql !== null) return sql;
  throw new DataForgeError(
    'unsupported_by_engine',
    'This engine runs no SQL; read the records by filters, or set DB_ENGINE to duckdb or sqlite.',
  );
}

function readLimit(limit: number | null): number | null {
  if (limit === null || (Number.isSafeInteger(limit) && limit >= 0)) return limit;
  throw invalid('limit', 'limit must be a whole number from 0.');
}

function readTimeout(timeout: number | null, { maxSqlTime }: Limits): number {
  if (timeout === null) return maxSqlTime;
  if (Number.isSafeInteger(timeout) && timeout >= 1) return Math.min(timeout, maxSqlTime);
  throw invalid('timeout_ms', 'timeout_ms must be a whole number of milliseconds from 1.');
}

function invalid(name: string, message: string): DataForgeError {
  return new DataForgeError('invalid_parameter', message, { faults: [{ pointer: `/${name}`, message }] });
}

function tooLarge(limit: number): DataForgeError {
  return new DataForgeError(
    'too_large',
    `The answer has more than ${limit} bytes; ask for fewer rows or columns, or for a stream (Accept).`,
    { details: { limit } },
  );
}
