import { join } from 'node:path';
import type { DuckDBInstance } from '@duckdb/node-api';
import {
  type DatedMark,
  type ImportState,
  MIGRATION_MARK,
  type StoreExport,
  type StoreFacts,
  type StoreImport,
} from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { describeDataset } from '#domain/dataset/describe-dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import { writeJson } from '#domain/record/json.ts';
import { type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import { bytesIn } from '#formats/columns/layout.ts';
import { appendBatch } from './duckdb-append.ts';
import { translateDuckDbError, translateOpenError } from './duckdb-errors.ts';
import { DuckDbExport } from './duckdb-export.ts';
import { createIndex, createTables, indexesOf } from './duckdb-layout.ts';
import { datasetsOf, readHead, setMeta, TRIMMED } from './duckdb-meta.ts';
import { writeDatedMarks } from './duckdb-mutations.ts';
import { attach, createInstance, type InstanceOptions, prepareFolder, prepareMeta, STORE_FILE } from './duckdb-open.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** A store file as the target of a copy. Blocks are appended as the engine's own vectors; indexes are made at the end. */
class DuckDbImport implements StoreImport {
  readonly #session: DuckDbSession;
  readonly #instance: DuckDBInstance;

  constructor(session: DuckDbSession, instance: DuckDBInstance) {
    this.#session = session;
    this.#instance = instance;
  }

  async state(): Promise<ImportState> {
    const marks = await this.#session.rows(
      `SELECT key, value FROM forge.marks WHERE kind = '${MIGRATION_MARK}' AND key IN ('unfinished', 'finished')`,
    );
    const [mark] = marks;
    if (mark !== undefined) return { state: mark[0] as ImportState['state'], note: String(mark[1]) };
    const [row] = await this.#session.rows(
      'SELECT (SELECT count(*) FROM forge.datasets) + (SELECT count(*) FROM forge.origins) + (SELECT count(*) FROM forge.marks)',
    );
    const isEmpty = Number(row?.[0]) === 0 && (await readHead(this.#session)) === 0;
    return { state: isEmpty ? 'empty' : 'other', note: null };
  }

  begin({ head, datasets, origins }: StoreFacts, note: string): Promise<void> {
    const session = this.#session;
    return session.transaction(async () => {
      for (const { dataset, trimmedTo } of datasets) {
        for (const sql of createTables(dataset)) await session.execute(sql);
        const definition = writeJson(describeDataset(dataset));
        await session.run('INSERT INTO forge.datasets VALUES ($1, $2)', [dataset.name, definition]);
        if (trimmedTo > 0) await setMeta(session, TRIMMED + dataset.name, trimmedTo);
      }
      for (const { id, caller, run } of origins) {
        await session.run('INSERT INTO forge.origins VALUES ($1, $2, $3)', [id, caller, run]);
      }
      await setMeta(session, 'sequence', head);
      await this.#note('unfinished', note);
    });
  }

  addRows(dataset: Dataset, part: StorePart, batch: RecordBatch, note: string): Promise<void> {
    return this.#session.transaction(async () => {
      await this.#append(dataset, part, batch);
      await this.#note('unfinished', note);
    });
  }

  addMarks(marks: readonly DatedMark[], note: string): Promise<void> {
    return this.#session.transaction(async () => {
      await writeDatedMarks(this.#session, marks);
      await this.#note('unfinished', note);
    });
  }

  async reading(): Promise<StoreExport> {
    return new DuckDbExport(this.#session, () => {});
  }

  /** An index that a process made before it was killed is there already. */
  async finish(note: string): Promise<void> {
    const session = this.#session;
    const there = await session.rows(`SELECT index_name FROM duckdb_indexes() WHERE database_name = 'store'`);
    const names = new Set(there.map(([name]) => `"${String(name).replaceAll('"', '""')}"`));
    for (const dataset of await datasetsOf(session)) {
      for (const index of indexesOf(dataset)) {
        if (!names.has(index.name)) await session.execute(createIndex(dataset, index));
      }
    }
    await session.transaction(async () => {
      await session.run('DELETE FROM forge.marks WHERE kind = $1', [MIGRATION_MARK]);
      await this.#note('finished', note);
    });
    await session.execute('CHECKPOINT store');
  }

  async close(): Promise<void> {
    this.#session.close();
    this.#instance.closeSync();
  }

  /** The engine's tables have the locator among their own columns, and the end of a former image last. */
  async #append(dataset: Dataset, part: StorePart, batch: RecordBatch): Promise<void> {
    const types = storedColumns(dataset, part).map(({ dbType }) => dbType);
    const vectors = [...batch.columns];
    const [id] = vectors;
    if (id === undefined) throw new RangeError('a block of a copy has ids');
    types.splice(LOCATOR_PLACE, 0, LOCATOR_TYPE);
    vectors.splice(LOCATOR_PLACE, 0, locatorsOf(id, batch.length));
    const schema = part === 'current' ? 'data' : 'history';
    try {
      const appender = await this.#session.connection.createAppender(dataset.tableName, schema, 'store');
      try {
        appendBatch(appender, types, { length: batch.length, columns: vectors });
        appender.flushSync();
      } finally {
        appender.closeSync();
      }
    } catch (error) {
      throw translateDuckDbError(error);
    }
  }

  #note(state: 'unfinished' | 'finished', note: string): Promise<void> {
    return writeDatedMarks(this.#session, [
      { kind: MIGRATION_MARK, key: state, value: note, madeAt: new Date().toISOString() },
    ]);
  }
}

const LOCATOR_PLACE = 5;
const LOCATOR_TYPE: DbType = { name: 'BIGINT' };

/** The last 48 bits of each id. */
function locatorsOf({ data }: ColumnVector, length: number): ColumnVector {
  const ids = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const locators = BigInt64Array.from({ length }, (_, at) => {
    return (BigInt(ids.getUint16(at * 16 + 10)) << 32n) | BigInt(ids.getUint32(at * 16 + 12));
  });
  return { validity: null, data: bytesIn(locators), offsets: null };
}

/**
 * Opens the store of a data folder as the target of a copy, making an empty one where there is none.
 * @throws DataForgeError `store_locked`, `store_read_only`, `store_newer` or `store_damaged`
 */
export async function openDuckDbImport(options: InstanceOptions): Promise<StoreImport> {
  const path = join(options.dataDir, STORE_FILE);
  await prepareFolder(options.dataDir, path);
  const instance = await createInstance(options);
  let session: DuckDbSession | null = null;
  try {
    session = await attach(instance, path, options.dataDir);
    await prepareMeta(session, path);
    return new DuckDbImport(session, instance);
  } catch (error) {
    session?.close();
    instance.closeSync();
    throw error instanceof DataForgeError && error.code === 'internal' ? translateOpenError(error.cause, path) : error;
  }
}
