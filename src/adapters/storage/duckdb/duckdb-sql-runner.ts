import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import type { SqlDescription, SqlFormat, SqlRequest, SqlRows, SqlRunner } from '#application/ports/sql-runner.ts';
import { type SqlBatch, type SqlColumn, type SqlParameters, sizeOfBatch } from '#domain/sql/sql-type.ts';
import { writeArrow } from '#formats/arrow/write-arrow.ts';
import { writeSqlCsv, writeSqlNdjson } from '#formats/sql/write-sql-rows.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { newSpoolFile } from './duckdb-spool.ts';
import { runnableSql, type SqlPlan } from './duckdb-sql-plan.ts';
import { SqlPlans } from './duckdb-sql-plans.ts';
import { refused } from './duckdb-sql-proof.ts';
import { sqlError } from './duckdb-sql-sandbox.ts';
import { DuckDbSqlSessions } from './duckdb-sql-sessions.ts';
import type { ResultColumn } from './duckdb-sql-types.ts';
import { toSqlBatch } from './duckdb-sql-vectors.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Rows of the first batch, so that the first bytes leave soon; of the others as many as make `BATCH_BYTES`. */
const FIRST_ROWS = 2048;
const MOST_ROWS = 61_440;
const BATCH_BYTES = 4 * 1024 * 1024;

/** People's SQL on DuckDB: proved on the engine's own parse, run on sessions that know the datasets alone. */
export class DuckDbSqlRunner implements SqlRunner {
  readonly #store: DuckDbStore;
  readonly #sessions: DuckDbSqlSessions;
  readonly #plans = new SqlPlans();

  constructor(store: DuckDbStore) {
    this.#store = store;
    this.#sessions = new DuckDbSqlSessions(store);
  }

  async describe(request: Omit<SqlRequest, 'limit' | 'parameters'>): Promise<SqlDescription> {
    const { columns, placeholders } = await this.#plan({ ...request, parameters: null });
    return { columns: shown(columns), parameters: placeholders };
  }

  async run(request: SqlRequest): Promise<SqlRows> {
    const plan = await this.#plan(request);
    return { columns: shown(plan.columns), batches: this.#batches(request, plan) };
  }

  async render(request: SqlRequest, format: SqlFormat) {
    const plan = await this.#plan(request);
    const columns = shown(plan.columns);
    return { columns, bytes: this.#bytes(request, plan, columns, format) };
  }

  #bytes(
    request: SqlRequest,
    plan: SqlPlan,
    columns: readonly SqlColumn[],
    format: SqlFormat,
  ): AsyncIterable<Uint8Array> {
    if (format === 'parquet') return this.#parquet(request, plan);
    const batches = this.#batches(request, plan);
    if (format === 'arrow') return writeArrow(columns, batches);
    return format === 'csv' ? writeSqlCsv(columns, batches) : writeSqlNdjson(columns, batches);
  }

  #plan(request: Omit<SqlRequest, 'limit' | 'parameters'> & { parameters: SqlParameters | null }): Promise<SqlPlan> {
    return this.#sessions.withSession((borrowed) =>
      borrowed.session.interruptible(request.signal, () => this.#plans.plan(borrowed, request, request.parameters)),
    );
  }

  /** Nothing is held before the first batch is asked for. */
  async *#batches({ datasets, limit, signal }: SqlRequest, plan: SqlPlan): AsyncGenerator<SqlBatch> {
    const { gate } = this.#store.options;
    const types = plan.columns.map(({ engineType, asText }) => (asText ? VARCHAR : engineType));
    const borrowed = await this.#sessions.borrow();
    const { session } = borrowed;
    const gated = <T>(work: () => Promise<T>) => gate.run(signal, () => session.interruptible(signal, work));
    let ended = false;
    try {
      await borrowed.show(datasets, plan.read);
      await session.run('BEGIN TRANSACTION READ ONLY');
      const next = await gated(() => session.stream(runnableSql(plan, limit), plan.values, signal));
      for (let rows = FIRST_ROWS; ; ) {
        const chunks = await gated(() => take(next, rows));
        if (chunks.length === 0) break;
        const batch = toSqlBatch(types, chunks);
        rows = rowsOfNext(batch);
        yield batch;
      }
      await session.run('COMMIT');
      ended = true;
    } catch (error) {
      throw sqlError(error);
    } finally {
      if (!ended) await session.run('ROLLBACK').catch(() => {});
      this.#sessions.giveBack(borrowed);
    }
  }

  /** Written to the spool by the engine, since the footer of Parquet comes last, and sent from there. */
  async *#parquet({ datasets, limit, signal }: SqlRequest, plan: SqlPlan): AsyncGenerator<Uint8Array> {
    if (plan.explain) throw refused('EXPLAIN cannot be had as Parquet; ask for JSON or CSV.');
    const file = newSpoolFile(this.#store.options.spoolDir, 'parquet');
    const select = runnableSql(plan, limit, parquetColumn);
    try {
      await this.#sessions.withSession(async (borrowed) => {
        await borrowed.show(datasets, plan.read);
        const { session } = borrowed;
        const copy = `COPY (\n${select}\n) TO ${literal(file)} (FORMAT parquet)`;
        const work = () => session.interruptible(signal, () => session.materialize(copy, plan.values));
        await this.#store.options.gate.run(signal, work);
      });
      yield* createReadStream(file, { highWaterMark: 256 * 1024, signal });
    } catch (error) {
      throw sqlError(error);
    } finally {
      await rm(file, { force: true });
    }
  }
}

/** Chunks of at least so many rows, or all that are left. */
async function take(next: () => Promise<DuckDBDataChunk | null>, rows: number): Promise<DuckDBDataChunk[]> {
  const chunks: DuckDBDataChunk[] = [];
  for (let taken = 0; taken < rows; ) {
    const chunk = await next();
    if (chunk === null) break;
    chunks.push(chunk);
    taken += chunk.rowCount;
  }
  return chunks;
}

function rowsOfNext(batch: SqlBatch): number {
  const bytes = sizeOfBatch(batch) / batch.length;
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(BATCH_BYTES / Math.max(1, bytes))));
}

/** As Parquet can hold it without loss: whole numbers past 64 bits as decimals, moments adjusted to UTC. */
function parquetColumn({ name, type, typeName, asText }: ResultColumn, column: string): string {
  const isText = asText || type.kind === 'null' || type.kind === 'interval';
  const isWide = typeName === 'HUGEINT' || typeName === 'UHUGEINT';
  const cast = isText ? '::VARCHAR' : isWide ? '::DECIMAL(38,0)' : typeName === 'TIMESTAMP' ? '::TIMESTAMPTZ' : '';
  return `${column}${cast} AS ${identifier(name)}`;
}

function shown(columns: readonly ResultColumn[]): SqlColumn[] {
  return columns.map(({ name, type, typeName, dbType }) => ({ name, type, typeName, dbType }));
}
