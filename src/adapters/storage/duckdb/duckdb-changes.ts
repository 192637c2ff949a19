import type { ChangeLog, ChangesPage, ChangesRequest } from '#application/ports/change-log.ts';
import type { RunLog, RunWorkRequest } from '#application/ports/run-log.ts';
import { refuseTrimmed } from '#application/records/history-floor.ts';
import type { ChangeOperation, RenderedChange, StoredRecord } from '#domain/record/record.ts';
import type { RunWork } from '#domain/record/run-work.ts';
import { currentTable, historyTable } from './duckdb-layout.ts';
import { dataJson, timestampText } from './duckdb-render.ts';
import { readRecord, recordColumns } from './duckdb-rows.ts';
import { readRunWork } from './duckdb-run-work.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** The changes feed on DuckDB: current rows, former images and deletes, by number. */
export class DuckDbChangeLog implements ChangeLog, RunLog {
  readonly #store: DuckDbStore;

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  head(): number {
    return this.#store.sequence.head;
  }

  subscribe(onCommit: (head: number, datasets: ReadonlySet<string>) => void): () => void {
    return this.#store.subscribe(onCommit);
  }

  readRun(request: RunWorkRequest): Promise<RunWork> {
    return this.#store.withSession((session) =>
      session.interruptible(request.signal, () => readRunWork(session, request)),
    );
  }

  async read(request: ChangesRequest): Promise<ChangesPage> {
    refuseTrimmed(request.dataset, request.since, this.#store.trimmedTo.get(request.dataset.name) ?? 0);
    const head = this.head();
    return this.#store.withSession((session) =>
      session.interruptible(request.signal, () =>
        request.images
          ? session.transaction(async () => withImages(session, request, await readPage(session, request, head)))
          : readPage(session, request, head),
      ),
    );
  }
}

async function readPage(session: DuckDbSession, request: ChangesRequest, head: number): Promise<ChangesPage> {
  const sql = request.latest ? latestSql(request) : everySql(request);
  const rows = await session.rows(sql, [request.since, head]);
  const hasMore = rows.length > request.limit;
  const changes = rows.slice(0, request.limit).map(readChange);
  const next = hasMore ? (changes.at(-1)?.seq ?? request.since) : Math.max(head, request.since);
  return { changes, next, hasMore };
}

/** The page with the records that its changes ended and began. */
async function withImages(session: DuckDbSession, request: ChangesRequest, page: ChangesPage): Promise<ChangesPage> {
  const last = page.changes.at(-1);
  if (last === undefined) return page;
  const { dataset, since } = request;
  const within = (column: string) => `${column} > $1 AND ${column} <= $2`;
  const columns = recordColumns(dataset);
  const sql =
    `SELECT ${columns}, NULL FROM ${currentTable(dataset)} WHERE ${within('_seq')} ` +
    `UNION ALL SELECT ${columns}, _to_seq FROM ${historyTable(dataset)} WHERE ${within('_seq')} OR ${within('_to_seq')}`;
  const before = new Map<number, StoredRecord>();
  const after = new Map<number, StoredRecord>();
  for (const row of await session.rows(sql, [since, last.seq])) {
    const record = readRecord(dataset, row);
    const ended = row.at(-1);
    after.set(record.seq, record);
    if (ended !== null) before.set(Number(ended), record);
  }
  const changes = page.changes.map((change) => ({
    ...change,
    images: { before: before.get(change.seq) ?? null, after: after.get(change.seq) ?? null },
  }));
  return { ...page, changes };
}

function readChange([seq, operation, id, json]: unknown[]): RenderedChange {
  return { seq: Number(seq), operation: operation as ChangeOperation, id: String(id), json: String(json) };
}

/**
 * The numbers of the page are found first, from narrow columns that the engine prunes by; only then are the rows of
 * that range rendered.
 */
function everySql({ dataset, limit }: ChangesRequest): string {
  const current = currentTable(dataset);
  const history = historyTable(dataset);
  const range = (column: string) => `${column} > $1 AND ${column} <= $2`;
  const upTo =
    `SELECT max(seq) FROM (SELECT seq FROM (SELECT _seq AS seq FROM ${current} WHERE ${range('_seq')} ` +
    `UNION ALL SELECT _seq FROM ${history} WHERE ${range('_seq')} ` +
    `UNION ALL SELECT _to_seq FROM ${history} WHERE _deleted AND ${range('_to_seq')}) ORDER BY seq LIMIT ${limit + 1})`;
  const within = (column: string) => `${column} > $1 AND ${column} <= (SELECT * FROM up_to)`;
  const data = dataJson(dataset);
  const version = (table: string) =>
    `SELECT _seq AS seq, CASE WHEN _version = 1 THEN 'create' ELSE 'update' END AS op, _id::VARCHAR AS id, ` +
    `_version AS version, _updated_at AS changed_at, ${data} AS data FROM ${table} WHERE ${within('_seq')}`;
  return rendered(
    `WITH up_to AS MATERIALIZED (${upTo})`,
    `${version(current)} UNION ALL ${version(history)} UNION ALL ${deletes(history, within('_to_seq'))}`,
    limit,
  );
}

/** The newest change of each record: what stands now, and the last delete of what does not. */
function latestSql({ dataset, limit }: ChangesRequest): string {
  const current = currentTable(dataset);
  const history = historyTable(dataset);
  const stands =
    `SELECT _seq AS seq, CASE WHEN _version = 1 THEN 'create' ELSE 'update' END AS op, _id::VARCHAR AS id, ` +
    `_version AS version, _updated_at AS changed_at, ${dataJson(dataset)} AS data FROM ${current} ` +
    'WHERE _seq > $1 AND _seq <= $2';
  const gone = deletes(
    history,
    `_to_seq > $1 AND _to_seq <= $2 AND _id NOT IN (SELECT _id FROM ${current}) ` +
      `QUALIFY row_number() OVER (PARTITION BY _id ORDER BY _to_seq DESC) = 1`,
  );
  return rendered('', `${stands} UNION ALL ${gone}`, limit);
}

function deletes(history: string, condition: string): string {
  return (
    `SELECT _to_seq AS seq, 'delete' AS op, _id::VARCHAR AS id, _version + 1 AS version, _to_at AS changed_at, 'null' AS data ` +
    `FROM ${history} WHERE _deleted AND ${condition}`
  );
}

function rendered(before: string, changes: string, limit: number): string {
  return (
    `${before} SELECT seq, op, id, concat('{"seq":', seq, ',"op":"', op, '","id":"', id, '","version":', version, ` +
    `',"changed_at":"', ${timestampText('changed_at')}, '","data":', data, '}') FROM (${changes}) ORDER BY seq LIMIT ${limit + 1}`
  );
}
