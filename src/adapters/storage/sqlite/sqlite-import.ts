import { join } from 'node:path';
import {
  type DatedMark,
  type ImportState,
  MIGRATION_MARK,
  type StoreExport,
  type StoreFacts,
  type StoreImport,
} from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { describeDataset } from '#domain/dataset/describe-dataset.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { locatorOf } from '#domain/record/id.ts';
import { writeJson } from '#domain/record/json.ts';
import { type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import { timestampOf } from '#domain/record/time.ts';
import { storedValues } from './sqlite-columns.ts';
import { SqliteCommits } from './sqlite-commits.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { translateSqliteError } from './sqlite-errors.ts';
import { datasetsIn, refuseManyProperties } from './sqlite-evolve.ts';
import { SqliteExport } from './sqlite-export.ts';
import {
  createTables,
  currentTable,
  DATASETS,
  declaredIndexes,
  historyTable,
  MARKS,
  META,
  ORIGINS,
  propertyColumn,
  STORE_FILE,
  standingIndexes,
} from './sqlite-layout.ts';
import { openStore, prepareFolder } from './sqlite-open.ts';
import { StoreLock } from './sqlite-store-lock.ts';
import { TRIMMED } from './sqlite-trim.ts';

/** A store file as the target of a copy; indexes are made at the end. */
class SqliteImport implements StoreImport {
  readonly #connection: SqliteConnection;
  readonly #lock: StoreLock;
  readonly #commits: SqliteCommits;

  constructor(connection: SqliteConnection, lock: StoreLock) {
    this.#connection = connection;
    this.#lock = lock;
    this.#commits = new SqliteCommits(connection);
  }

  async state(): Promise<ImportState> {
    const sql = `SELECT key, value FROM ${MARKS} WHERE kind = ?1 AND key IN ('unfinished', 'finished')`;
    const mark = this.#connection.row(sql, [MIGRATION_MARK]);
    if (mark !== null) return { state: mark[0] as ImportState['state'], note: String(mark[1]) };
    const tables = [DATASETS, ORIGINS, MARKS, META].map((table) => `(SELECT count(*) FROM ${table})`);
    const rows = Number(this.#connection.row(`SELECT ${tables.join(' + ')}`)?.[0]);
    return { state: rows === 0 ? 'empty' : 'other', note: null };
  }

  begin({ head, datasets, origins }: StoreFacts, note: string): Promise<void> {
    return this.#commit(note, () => {
      const connection = this.#connection;
      for (const { dataset, trimmedTo } of datasets) {
        refuseManyProperties(dataset);
        for (const sql of createTables(dataset)) connection.execute(sql);
        // Of rows that were changed after they were made: there are none here, and reading by number asks for it.
        connection.execute(standingIndexes(dataset)[0]?.sql ?? '');
        const definition = writeJson(describeDataset(dataset));
        connection.run(`INSERT INTO ${DATASETS} (name, definition) VALUES (?1, ?2)`, [dataset.name, definition]);
        if (trimmedTo > 0) this.#commits.setMeta(TRIMMED + dataset.name, trimmedTo);
      }
      for (const { id, caller, run } of origins) {
        connection.run(`INSERT INTO ${ORIGINS} (id, caller, run) VALUES (?1, ?2, ?3)`, [id, caller, run]);
      }
      this.#commits.setMeta('sequence', head);
    });
  }

  addRows(dataset: Dataset, part: StorePart, batch: RecordBatch, note: string): Promise<void> {
    return this.#commit(note, () => this.#insert(dataset, part, batch));
  }

  addMarks(marks: readonly DatedMark[], note: string): Promise<void> {
    return this.#commit(note, () => {
      for (const { madeAt, ...mark } of marks) this.#commits.writeMarks([mark], madeAt);
    });
  }

  async reading(): Promise<StoreExport> {
    return new SqliteExport(this.#connection, () => {});
  }

  finish(note: string): Promise<void> {
    const connection = this.#connection;
    return this.#transaction(() => {
      for (const dataset of datasetsIn(connection)) {
        const [, ...standing] = standingIndexes(dataset);
        for (const { sql } of [...standing, ...declaredIndexes(dataset)]) connection.execute(sql);
      }
      connection.run(`DELETE FROM ${MARKS} WHERE kind = ?1`, [MIGRATION_MARK]);
      this.#note('finished', note);
    });
  }

  async close(): Promise<void> {
    this.#connection.close();
    this.#lock.release();
  }

  /**
   * A row lies by the number of the change that made it what it is: which numbers records were born with is known by
   * their ids alone, and not by those that callers gave. Ids that end otherwise are found like those.
   */
  #insert(dataset: Dataset, part: StorePart, { length, columns }: RecordBatch): void {
    const names = storedColumns(dataset, part).map(({ name, property }) =>
      property === null ? name : propertyColumn(property),
    );
    const table = part === 'current' ? currentTable(dataset) : historyTable(dataset);
    const placeholders = names.map((_, at) => `?${at + 3}`).join(', ');
    const statement = this.#connection.prepare(
      `INSERT INTO ${table} (_row, _foreign, ${names.join(', ')}) VALUES (?1, ?2, ${placeholders})`,
    );
    const values = storedColumns(dataset, part).map(({ dbType }, index) => {
      const vector = columns[index];
      if (vector === undefined) throw new RangeError('a block of a copy lacks a column');
      return storedValues(dbType, vector, length);
    });
    const [ids = [], , , , numbers = []] = values;
    for (let at = 0; at < length; at++) {
      const number = Number(numbers[at]);
      const isForeign = locatorOf(String(ids[at])) !== number;
      statement.run(number, isForeign ? 1 : null, ...values.map((column) => column[at] ?? null));
    }
  }

  #commit(note: string, work: () => void): Promise<void> {
    return this.#transaction(() => {
      work();
      this.#note('unfinished', note);
    });
  }

  async #transaction(work: () => void): Promise<void> {
    try {
      await this.#connection.transaction(work);
    } catch (error) {
      throw translateSqliteError(error);
    }
  }

  #note(key: string, value: string): void {
    this.#commits.writeMarks([{ kind: MIGRATION_MARK, key, value }], timestampOf(Date.now()));
  }
}

/**
 * Opens the store of a data folder as the target of a copy, making an empty one where there is none.
 * @throws DataForgeError `store_locked`, `store_read_only`, `store_newer` or `store_damaged`
 */
export function openSqliteImport(dataDir: string, cacheBytes: number): StoreImport {
  const path = join(dataDir, STORE_FILE);
  prepareFolder(path);
  const lock = new StoreLock(path);
  try {
    return new SqliteImport(openStore({ path, cacheBytes }), lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}
