import type { StreamQuery } from '#domain/query/query.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { type Block, type BlockKind, blockRenderer } from '../shared/block-renderer.ts';
import { neededFields } from '../shared/needed-fields.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import { type SqliteConnection, type SqliteRow, WATCHED } from './sqlite-connection.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { currentTable } from './sqlite-layout.ts';
import { streamStatement, valuesOf } from './sqlite-queries.ts';
import { recordColumns, recordReader } from './sqlite-records.ts';

/** Rows that are rendered together. */
const BLOCK_ROWS = 4096;

/** The rows of a query in blocks, of one snapshot, on a connection of its own until it is closed. */
export class SqliteBlockStream {
  readonly #connection: SqliteConnection;
  readonly #rows: Iterator<readonly SqliteRow[]>;
  readonly #read: (row: SqliteRow) => StoredRecord;
  readonly #render: (records: readonly StoredRecord[]) => Block;
  #head: Uint8Array | null;

  constructor(connection: SqliteConnection, query: StreamQuery, kind: BlockKind, columns?: readonly string[]) {
    this.#connection = connection;
    this.#read = recordReader(query.dataset, neededFields(query));
    const { head, render } = blockRenderer(query, kind, columns);
    this.#head = head;
    this.#render = render;
    connection.execute('BEGIN');
    this.#rows = query.sort.length > 0 ? sortedRows(connection, query) : storedRows(connection, query);
  }

  /** The next block; null behind the last. */
  next(isStopped: () => boolean): Block | null {
    const head = this.#head;
    if (head !== null) {
      this.#head = null;
      return head;
    }
    const { done, value } = this.#connection.watched(isStopped, () => this.#rows.next());
    return done ? null : this.#render(value.map(this.#read));
  }

  /** Ends the snapshot. */
  close(): void {
    this.#rows.return?.();
    if (this.#connection.database.isTransaction) this.#connection.execute('COMMIT');
  }
}

/** In the order they lie in: a search for each block is quicker than to step from row to row. */
function* storedRows(connection: SqliteConnection, query: StreamQuery): Generator<readonly SqliteRow[]> {
  const { dataset, filter, limit } = query;
  const parameters = new SqlParameters('?');
  const condition = compileFilter(filter, sqliteDialect, parameters);
  const behind = parameters.add(0);
  const most = parameters.add(0);
  const statement = connection.prepare(
    `SELECT ${recordColumns(dataset, neededFields(query))}, _row FROM ${currentTable(dataset)} ` +
      `WHERE _row > ${behind} AND ${WATCHED} AND ${condition} ORDER BY _row LIMIT ${most}`,
  );
  const values = valuesOf(parameters);
  let left = limit ?? Number.POSITIVE_INFINITY;
  let last: SqliteRow[number] = -1;
  while (left > 0) {
    const asked = Math.min(left, BLOCK_ROWS);
    values.splice(-2, 2, last, asked);
    const rows = statement.all(...values) as unknown as SqliteRow[];
    if (rows.length > 0) yield rows;
    if (rows.length < asked) return;
    last = rows.at(-1)?.at(-1) ?? null;
    left -= rows.length;
  }
}

function* sortedRows(connection: SqliteConnection, query: StreamQuery): Generator<readonly SqliteRow[]> {
  const { sql, parameters } = streamStatement(query);
  let block: SqliteRow[] = [];
  for (const row of connection.prepare(sql).iterate(...parameters) as unknown as Iterable<SqliteRow>) {
    block.push(row);
    if (block.length < BLOCK_ROWS) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}
