import type { StreamQuery } from '#domain/query/query.ts';
import { compileFilter, compileSort, SqlParameters } from '../sql/compile-filter.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { currentTable, propertyColumn, SYSTEM_COLUMN_NAMES } from './duckdb-layout.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Rows of one slice: enough that a query's fixed cost vanishes, few enough that its text is a dozen megabytes. */
const SLICE_ROWS = 61_440;
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
 * Walks a stream's rows slice by slice in one snapshot: by ranges of row numbers of the table, or, where the query
 * sorts, of a sorted temporary copy that the engine may spill to disk. `read` runs the query of a slice, behind the
 * admission gate; the next slice is read while the consumer takes the last one.
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
  let source: SliceSource | null = null;
  try {
    source = await openSource(store, session, query, signal);
    const opened = source;
    const next = () => readNext(store, opened, signal, read);
    pending = next();
    for (;;) {
      const result: T | null = await pending;
      if (result === null) return;
      pending = next();
      if (result.rows > 0) yield result;
    }
  } finally {
    await pending?.catch(() => {});
    await source?.close();
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
  close(): Promise<void>;
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

async function openSource(
  store: DuckDbStore,
  session: DuckDbSession,
  query: StreamQuery,
  signal: AbortSignal,
): Promise<SliceSource> {
  const parameters = new SqlParameters();
  const condition = compileFilter(query.filter, duckDbDialect, parameters);
  const table = currentTable(query.dataset);
  if (query.sort.length > 0) return openSorted(store, session, query, signal, condition, parameters);
  await session.run('BEGIN TRANSACTION READ ONLY');
  const [row] = await session.rows(`SELECT coalesce(max(rowid), -1) + 1 FROM ${table}`);
  const close = () => session.run('ROLLBACK').catch(() => {});
  return { session, table, condition, parameters, end: Number(row?.[0]), at: 0, remaining: query.limit, close };
}

async function openSorted(
  store: DuckDbStore,
  session: DuckDbSession,
  query: StreamQuery,
  signal: AbortSignal,
  condition: string,
  parameters: SqlParameters,
): Promise<SliceSource> {
  const columns = [...SYSTEM_COLUMN_NAMES, ...query.dataset.properties.map(propertyColumn)].join(', ');
  const limit = query.limit === null ? '' : ` LIMIT ${query.limit}`;
  const sql =
    `CREATE OR REPLACE TEMP TABLE sorted_rows AS SELECT ${columns} FROM ${currentTable(query.dataset)} ` +
    `WHERE ${condition} ORDER BY ${compileSort(query.sort, duckDbDialect)}${limit}`;
  await store.options.gate.run(signal, () => session.interruptible(signal, () => session.run(sql, parameters.values)));
  const [row] = await session.rows('SELECT count(*) FROM temp.sorted_rows');
  return {
    session,
    table: 'temp.sorted_rows',
    condition: 'TRUE',
    parameters: new SqlParameters(),
    end: Number(row?.[0]),
    at: 0,
    remaining: null,
    close: () => session.run('DROP TABLE IF EXISTS temp.sorted_rows').catch(() => {}),
  };
}
