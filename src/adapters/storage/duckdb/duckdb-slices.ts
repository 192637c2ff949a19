import type { StreamQuery } from '#domain/query/query.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { currentTable } from './duckdb-layout.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Rows of one slice: enough that a query's fixed cost vanishes, few enough that its text is a few megabytes. */
const SLICE_ROWS = 36_864;
/** The first slice is small, so that the first bytes leave soon. */
const FIRST_SLICE_ROWS = 12_288;

/** A part of a stream's rows: what to select from, and on which session, with which parameters. */
export interface Slice {
  readonly session: DuckDbSession;
  /** `FROM … WHERE …`, whose rows are the slice's in stream order by `rowid`. */
  readonly from: string;
  readonly parameters: SqlParameters;
}

/**
 * Walks the rows of a query that does not sort slice by slice, by ranges of row numbers, in one snapshot. `read` runs
 * the query of a slice behind the admission gate; the next slice is read while the consumer takes the last one.
 * @returns what `read` made of each slice, in order
 */
export async function* readSlices<T extends { readonly rows: number }>(
  store: DuckDbStore,
  query: StreamQuery,
  signal: AbortSignal,
  read: (slice: Slice) => Promise<T>,
): AsyncGenerator<T> {
  const session = await store.borrow();
  let pending: Promise<T | null> | null = null;
  try {
    const source = await openSource(session, query);
    const next = () => readNext(store, source, signal, read);
    pending = next();
    for (;;) {
      const result: T | null = await pending;
      if (result === null) return;
      pending = next();
      if (result.rows > 0) yield result;
    }
  } finally {
    await pending?.catch(() => {});
    await session.run('ROLLBACK').catch(() => {});
    store.giveBack(session);
  }
}

interface SliceSource {
  readonly session: DuckDbSession;
  readonly table: string;
  readonly condition: string;
  readonly parameters: SqlParameters;
  readonly end: number;
  at: number;
  /** Rows that may still come; null for all. */
  remaining: number | null;
}

async function readNext<T extends { readonly rows: number }>(
  store: DuckDbStore,
  source: SliceSource,
  signal: AbortSignal,
  read: (slice: Slice) => Promise<T>,
): Promise<T | null> {
  if (source.at >= source.end || source.remaining === 0) return null;
  const from = source.at;
  const to = Math.min(source.end, from + (from === 0 ? FIRST_SLICE_ROWS : SLICE_ROWS));
  source.at = to;
  const range = `rowid >= ${from} AND rowid < ${to} AND ${source.condition}`;
  const limited =
    source.remaining === null
      ? `FROM ${source.table} WHERE ${range}`
      : `FROM (SELECT rowid, * FROM ${source.table} WHERE ${range} ORDER BY rowid LIMIT ${source.remaining})`;
  const slice = { session: source.session, from: limited, parameters: source.parameters };
  const result = await store.options.gate.run(signal, () => source.session.interruptible(signal, () => read(slice)));
  if (source.remaining !== null) source.remaining -= result.rows;
  return result;
}

/** Opens a snapshot: everything is read inside one transaction. */
async function openSource(session: DuckDbSession, query: StreamQuery): Promise<SliceSource> {
  const parameters = new SqlParameters();
  const condition = compileFilter(query.filter, duckDbDialect, parameters);
  const table = currentTable(query.dataset);
  await session.run('BEGIN TRANSACTION READ ONLY');
  const [row] = await session.rows(`SELECT coalesce(max(rowid), -1) + 1 FROM ${table}`);
  return { session, table, condition, parameters, end: Number(row?.[0]), at: 0, remaining: query.limit };
}
