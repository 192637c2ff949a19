import type { StreamQuery } from '#domain/query/query.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { currentTable } from './duckdb-layout.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Rows of one slice: enough that a query's fixed cost vanishes, few enough that a slice is a few megabytes. */
export const SLICE_ROWS = { text: 24_576, columns: 98_304 } as const;
/** The first slice is small, so that the first bytes leave soon. */
const FIRST_SLICE_ROWS = 12_288;
/** Slices that are read at once: while one query joins its text on one thread, the next renders on the other. */
const SLICES_AT_ONCE = 2;

/** A part of a stream's rows: what to select from, and on which session, with which parameters. */
export interface Slice {
  readonly session: DuckDbSession;
  /** `FROM … WHERE …`, whose rows are the slice's in stream order by `rowid`. */
  readonly from: string;
  readonly parameters: SqlParameters;
}

/**
 * Walks the rows of a query that does not sort slice by slice, by ranges of row numbers, in one snapshot. `read` runs
 * the query of a slice behind the admission gate; the next slices are read while the consumer takes the last one.
 * @returns what `read` made of each slice, in order
 */
export async function* readSlices<T extends { readonly rows: number }>(
  store: DuckDbStore,
  query: StreamQuery,
  signal: AbortSignal,
  sliceRows: number,
  read: (slice: Slice) => Promise<T>,
): AsyncGenerator<T> {
  const sessions: DuckDbSession[] = [];
  const pending: Promise<T | null>[] = [];
  try {
    const source = await openSnapshot(store, query, sliceRows, sessions);
    let slices = 0;
    const next = () => {
      const session = sessions[slices++ % sessions.length] as DuckDbSession;
      const result = readNext(store, source, session, signal, read);
      result.catch(() => {});
      pending.push(result);
    };
    for (const _ of sessions) next();
    for (let first = pending.shift(); first !== undefined; first = pending.shift()) {
      const result = await first;
      if (result === null) return;
      next();
      if (result.rows > 0) yield result;
    }
  } finally {
    await Promise.allSettled(pending);
    for (const session of sessions) {
      await session.run('ROLLBACK').catch(() => {});
      store.giveBack(session);
    }
  }
}

interface SliceSource {
  readonly table: string;
  readonly condition: string;
  readonly parameters: SqlParameters;
  readonly sliceRows: number;
  readonly end: number;
  at: number;
  /** Rows that may still come; null for all. */
  remaining: number | null;
}

/**
 * Opens sessions that see the same rows: their transactions begin while no commit can come between. A query with a
 * limit is read by one session, since each slice has to know how many rows those before it had.
 */
function openSnapshot(
  store: DuckDbStore,
  query: StreamQuery,
  sliceRows: number,
  sessions: DuckDbSession[],
): Promise<SliceSource> {
  const parameters = new SqlParameters();
  const condition = compileFilter(query.filter, duckDbDialect, parameters);
  const table = currentTable(query.dataset);
  return store.commitLock.hold(async () => {
    let end = 0;
    for (let count = query.limit === null ? SLICES_AT_ONCE : 1; count > 0; count--) {
      const session = await store.borrow();
      sessions.push(session);
      await session.run('BEGIN TRANSACTION READ ONLY');
      const [row] = await session.rows(`SELECT coalesce(max(rowid), -1) + 1 FROM ${table}`);
      end = Number(row?.[0]);
    }
    return { table, condition, parameters, sliceRows, end, at: 0, remaining: query.limit };
  });
}

async function readNext<T extends { readonly rows: number }>(
  store: DuckDbStore,
  source: SliceSource,
  session: DuckDbSession,
  signal: AbortSignal,
  read: (slice: Slice) => Promise<T>,
): Promise<T | null> {
  if (source.at >= source.end || source.remaining === 0) return null;
  const from = source.at;
  const to = Math.min(source.end, from + (from === 0 ? FIRST_SLICE_ROWS : source.sliceRows));
  source.at = to;
  const range = `rowid >= ${from} AND rowid < ${to} AND ${source.condition}`;
  const limited =
    source.remaining === null
      ? `FROM ${source.table} WHERE ${range}`
      : `FROM (SELECT rowid, * FROM ${source.table} WHERE ${range} ORDER BY rowid LIMIT ${source.remaining})`;
  const slice = { session, from: limited, parameters: source.parameters };
  const result = await store.options.gate.run(signal, () => session.interruptible(signal, () => read(slice)));
  if (source.remaining !== null) source.remaining -= result.rows;
  return result;
}
