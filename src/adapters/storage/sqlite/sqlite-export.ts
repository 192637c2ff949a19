import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DatasetFacts,
  type DatedMark,
  MIGRATION_MARK,
  type StoreExport,
  type StoreFacts,
} from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { type StoredColumn, type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import { timestampOfMicros } from '#formats/columns/temporal.ts';
import { BlockGatherer, MARKS_OF_A_BLOCK } from '../shared/copy-blocks.ts';
import { noStore } from '../shared/unfinished-copy.ts';
import { columnOf } from './sqlite-columns.ts';
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts';
import { translateSqliteError } from './sqlite-errors.ts';
import { datasetsIn } from './sqlite-evolve.ts';
import { currentTable, historyTable, MARKS, META, ORIGINS, propertyColumn, STORE_FILE } from './sqlite-layout.ts';
import { openStoreToRead } from './sqlite-open.ts';
import { StoreLock } from './sqlite-store-lock.ts';
import { readTrimmed } from './sqlite-trim.ts';

/** A store file as the source of a copy; read on the thread that asks, which has nothing else to do. */
export class SqliteExport implements StoreExport {
  readonly #connection: SqliteConnection;
  readonly #close: () => void;

  constructor(connection: SqliteConnection, close: () => void) {
    this.#connection = connection;
    this.#close = close;
  }

  async facts(): Promise<StoreFacts> {
    const connection = this.#connection;
    const trimmed = new Map(readTrimmed(connection));
    const origins = connection.rows(`SELECT id, caller, run FROM ${ORIGINS} ORDER BY id`);
    const marks = connection.row(`SELECT count(*) FROM ${MARKS} WHERE kind <> ?1`, [MIGRATION_MARK]);
    return {
      head: Number(connection.row(`SELECT value FROM ${META} WHERE name = 'sequence'`)?.[0] ?? 0),
      datasets: datasetsIn(connection).map((dataset) => this.#factsOf(dataset, trimmed.get(dataset.name) ?? 0)),
      origins: origins.map(([id, caller, run]) => ({
        id: Number(id),
        caller: String(caller),
        run: run as string | null,
      })),
      marks: Number(marks?.[0]),
    };
  }

  async *rows(dataset: Dataset, part: StorePart, after: number): AsyncGenerator<RecordBatch> {
    const columns = storedColumns(dataset, part);
    const names = columns.map(({ name, property }) => (property === null ? name : propertyColumn(property)));
    const statement = this.#connection.prepare(rowsSql(dataset, part, names));
    const gathered = new BlockGatherer<SqliteRow>();
    const rows = statement.iterate(after)[Symbol.iterator]() as unknown as Iterator<SqliteRow>;
    try {
      for (;;) {
        const { done, value } = read(() => rows.next());
        const block = done ? gathered.take() : gathered.add(value);
        if (block !== null && block.length > 0) yield batchOf(columns, block);
        if (done) return;
      }
    } finally {
      rows.return?.();
    }
  }

  async *marks(): AsyncGenerator<readonly DatedMark[]> {
    const sql = `SELECT kind, key, value, made_at FROM ${MARKS} WHERE kind <> ?1 AND (kind, key) > (?2, ?3) ORDER BY kind, key LIMIT ${MARKS_OF_A_BLOCK}`;
    for (let after: readonly string[] = ['', '']; ; ) {
      const rows = read(() => this.#connection.rows(sql, [MIGRATION_MARK, ...after]));
      const marks = rows.map(([kind, key, value, madeAt]) => ({
        kind: String(kind),
        key: String(key),
        value: String(value),
        madeAt: timestampOfMicros(BigInt(madeAt ?? 0)),
      }));
      const last = marks.at(-1);
      if (last === undefined) return;
      yield marks;
      after = [last.kind, last.key];
    }
  }

  async close(): Promise<void> {
    this.#close();
  }

  #factsOf(dataset: Dataset, trimmedTo: number): DatasetFacts {
    const counted = (table: string, time: string) =>
      this.#connection.row(`SELECT count(*), max(${time}) FROM ${table}`) ?? [];
    const [rows, changed] = counted(currentTable(dataset), '_updated_at');
    const [formers, ended] = counted(historyTable(dataset), '_to_at');
    const times = [changed, ended].flatMap((time) => (time === null || time === undefined ? [] : [BigInt(time)]));
    const last = times.reduce<bigint | null>((a, b) => (a === null || b > a ? b : a), null);
    return {
      dataset,
      trimmedTo,
      lastChange: last === null ? null : String(last),
      rows: { current: Number(rows), former: Number(formers) },
    };
  }
}

function batchOf(columns: readonly StoredColumn[], rows: readonly SqliteRow[]): RecordBatch {
  return {
    length: rows.length,
    columns: columns.map(({ dbType }, index) =>
      columnOf(
        dbType,
        rows.map((row) => row[index] ?? null),
      ),
    ),
  };
}

/** Rows that were never changed lie by their number, the others have an index: both come sorted, and the engine merges them. */
function rowsSql(dataset: Dataset, part: StorePart, names: readonly string[]): string {
  const columns = names.join(', ');
  if (part === 'former') return `SELECT ${columns} FROM ${historyTable(dataset)} WHERE _to_seq > ?1 ORDER BY _to_seq`;
  const table = currentTable(dataset);
  const place = names.indexOf('_seq');
  // The same number, of which the engine knows that the rows lie by it.
  const unchanged = names.with(place, '_row').join(', ');
  return (
    `SELECT ${unchanged} FROM ${table} WHERE _row > ?1 AND _seq = _row ` +
    `UNION ALL SELECT ${columns} FROM ${table} WHERE _seq > ?1 AND _seq > _row ORDER BY ${place + 1}`
  );
}

function read<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translateSqliteError(error);
  }
}

/**
 * Opens the store of a data folder to be read and left as it is; nobody else can open it meanwhile.
 * @throws DataForgeError `invalid_parameter` where there is none, `store_locked`, `store_newer`, `store_unfinished`, `store_damaged`
 */
export function openSqliteExport(dataDir: string, cacheBytes: number): StoreExport {
  const path = join(dataDir, STORE_FILE);
  if (!existsSync(path)) throw noStore(path);
  const lock = new StoreLock(path);
  try {
    const connection = openStoreToRead({ path, cacheBytes });
    return new SqliteExport(connection, () => {
      connection.close();
      lock.release();
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}
