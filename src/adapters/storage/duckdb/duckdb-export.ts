import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DatasetFacts,
  type DatedMark,
  MIGRATION_MARK,
  type StoreExport,
  type StoreFacts,
} from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { orderColumn, type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import { BlockSize, MARKS_OF_A_BLOCK } from '../shared/copy-blocks.ts';
import { noStore } from '../shared/unfinished-copy.ts';
import { batchOfChunks } from './duckdb-batches.ts';
import { translateOpenError } from './duckdb-errors.ts';
import { currentTable, historyTable, propertyColumn } from './duckdb-layout.ts';
import { datasetsOf, readHead, readTrimmed } from './duckdb-meta.ts';
import {
  attach,
  checkFormat,
  createInstance,
  type InstanceOptions,
  refuseUnfinished,
  STORE_FILE,
} from './duckdb-open.ts';
import { timestampText } from './duckdb-render.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** A store as the source of a copy. The numbers of the next block are found first, and only then is it read. */
export class DuckDbExport implements StoreExport {
  readonly #session: DuckDbSession;
  readonly #close: () => void;

  constructor(session: DuckDbSession, close: () => void) {
    this.#session = session;
    this.#close = close;
  }

  async facts(): Promise<StoreFacts> {
    const session = this.#session;
    const trimmed = await readTrimmed(session);
    const datasets: DatasetFacts[] = [];
    for (const dataset of await datasetsOf(session)) {
      datasets.push(await this.#factsOf(dataset, trimmed.get(dataset.name) ?? 0));
    }
    const origins = await session.rows('SELECT id, caller, run FROM forge.origins ORDER BY id');
    const [marks] = await session.rows(`SELECT count(*) FROM forge.marks WHERE kind <> '${MIGRATION_MARK}'`);
    return {
      head: await readHead(session),
      datasets,
      origins: origins.map(([id, caller, run]) => ({
        id: Number(id),
        caller: String(caller),
        run: run as string | null,
      })),
      marks: Number(marks?.[0]),
    };
  }

  async *rows(dataset: Dataset, part: StorePart, after: number): AsyncGenerator<RecordBatch> {
    const table = part === 'current' ? currentTable(dataset) : historyTable(dataset);
    const columns = storedColumns(dataset, part);
    const types = columns.map(({ dbType }) => dbType);
    const names = columns.map(({ name, property }) => (property === null ? name : propertyColumn(property)));
    const number = orderColumn(part);
    const texts = columns.flatMap(({ dbType }, at) =>
      dbType.name === 'VARCHAR' || dbType.name === 'JSON' ? [`coalesce(strlen(${names[at]}), 0)`] : [],
    );
    const textBytes = texts.length === 0 ? '0' : texts.join(' + ');
    const size = new BlockSize();
    for (let from = after; ; ) {
      const [row] = await this.#session.rows(
        `SELECT max(number), sum(bytes) FROM (SELECT ${number} AS number, ${textBytes} AS bytes FROM ${table} ` +
          `WHERE ${number} > $1 ORDER BY number LIMIT ${size.rows})`,
        [from],
      );
      if (row?.[0] === null || row?.[0] === undefined) return;
      if (size.isTooLarge(Number(row[1]))) continue;
      const to = Number(row[0]);
      const result = await this.#session.materialize(
        `SELECT ${names.join(', ')} FROM ${table} WHERE ${number} > $1 AND ${number} <= $2 ORDER BY ${number}`,
        [from, to],
      );
      const chunks = Array.from({ length: result.chunkCount }, (_, index) => result.getChunk(index));
      const batch = batchOfChunks(types, chunks, result.rowCount);
      size.learn(batch);
      yield batch;
      from = to;
    }
  }

  async *marks(): AsyncGenerator<readonly DatedMark[]> {
    const sql =
      `SELECT kind, key, value, ${timestampText('made_at')} FROM forge.marks WHERE kind <> '${MIGRATION_MARK}' ` +
      `AND (kind > $1 OR (kind = $1 AND key > $2)) ORDER BY kind, key LIMIT ${MARKS_OF_A_BLOCK}`;
    for (let after: readonly string[] = ['', '']; ; ) {
      const rows = await this.#session.rows(sql, after);
      const marks = rows.map(([kind, key, value, madeAt]) => ({
        kind: String(kind),
        key: String(key),
        value: String(value),
        madeAt: String(madeAt),
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

  async #factsOf(dataset: Dataset, trimmedTo: number): Promise<DatasetFacts> {
    const counted = (table: string, time: string) => `SELECT count(*), epoch_us(max(${time})) FROM ${table}`;
    const [current] = await this.#session.rows(counted(currentTable(dataset), '_updated_at'));
    const [former] = await this.#session.rows(counted(historyTable(dataset), '_to_at'));
    const times = [current?.[1], former?.[1]].flatMap((time) => (typeof time === 'bigint' ? [time] : []));
    const lastChange = times.reduce<bigint | null>((a, b) => (a === null || b > a ? b : a), null);
    return {
      dataset,
      trimmedTo,
      lastChange: lastChange === null ? null : String(lastChange),
      rows: { current: Number(current?.[0]), former: Number(former?.[0]) },
    };
  }
}

/**
 * Opens the store of a data folder to be read and left as it is; nobody else can write to it meanwhile.
 * @throws DataForgeError `invalid_parameter` where there is none, `store_locked`, `store_newer`, `store_unfinished`, `store_damaged`
 */
export async function openDuckDbExport(options: InstanceOptions): Promise<StoreExport> {
  const path = join(options.dataDir, STORE_FILE);
  await stat(path).catch(() => {
    throw noStore(path);
  });
  const instance = await createInstance(options);
  let session: DuckDbSession | null = null;
  try {
    session = await attach(instance, path, options.dataDir, 'read');
    await checkFormat(session, path);
    await refuseUnfinished(session, path);
    const opened = session;
    return new DuckDbExport(opened, () => {
      opened.close();
      instance.closeSync();
    });
  } catch (error) {
    session?.close();
    instance.closeSync();
    throw error instanceof DataForgeError && error.code === 'internal' ? translateOpenError(error.cause, path) : error;
  }
}
