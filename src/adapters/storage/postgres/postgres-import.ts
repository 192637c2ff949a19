import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  type DatedMark,
  type ImportState,
  MIGRATION_MARK,
  type StoreExport,
  type StoreFacts,
  type StoreImport,
} from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import { readValues } from '#formats/columns/read-values.ts';
import { PostgresConnection } from './postgres-connection.ts';
import { copied } from './postgres-copy-text.ts';
import { translateConnectError, translatePostgresError } from './postgres-errors.ts';
import { datasetsIn, definitionOf } from './postgres-evolve.ts';
import { connectForCopy, PostgresExport } from './postgres-export.ts';
import {
  createTables,
  currentTable,
  DATASETS,
  declaredIndexes,
  historyTable,
  MARKS,
  ORIGINS,
  propertyColumn,
  STORE,
} from './postgres-layout.ts';
import { prepareCopy, shownAddress } from './postgres-open.ts';
import { prepareReader } from './postgres-reader-role.ts';
import { arrayOf, encodeValue, type PostgresValue } from './postgres-values.ts';

/** A store in a database as the target of a copy. Blocks are copied with COPY; the indexes that datasets ask for are made at the end. */
class PostgresImport implements StoreImport {
  readonly #client: pg.Client;
  readonly #connection: PostgresConnection;
  readonly #schema: string;

  constructor(client: pg.Client, schema: string) {
    this.#client = client;
    this.#connection = new PostgresConnection(client);
    this.#schema = schema;
  }

  async state(): Promise<ImportState> {
    const connection = this.#connection;
    const sql = `SELECT key, value FROM ${MARKS} WHERE kind = $1 AND key IN ('unfinished', 'finished')`;
    const mark = await connection.row(sql, [MIGRATION_MARK]);
    if (mark !== null) return { state: mark[0] as ImportState['state'], note: mark[1] ?? null };
    const tables = [DATASETS, ORIGINS, MARKS].map((table) => `(SELECT count(*) FROM ${table})`);
    const row = await connection.row(`SELECT sequence + ${tables.join(' + ')} FROM ${STORE}`);
    return { state: Number(row?.[0]) === 0 ? 'empty' : 'other', note: null };
  }

  begin({ head, datasets, origins }: StoreFacts, note: string): Promise<void> {
    return this.#transaction(async (connection) => {
      for (const { dataset, trimmedTo } of datasets) {
        await connection.batch(createTables(dataset));
        const sql = `INSERT INTO ${DATASETS} (name, definition, trimmed_to) VALUES ($1, $2, $3)`;
        await connection.run(sql, [dataset.name, definitionOf(dataset), String(trimmedTo)]);
      }
      const originLines = origins.map(({ id, caller, run }) => lineOf([String(id), caller, run]));
      await this.#copy(`${ORIGINS} (id, caller, run)`, originLines);
      await connection.batch([`SELECT setval(pg_get_serial_sequence('${ORIGINS}', 'id'), max(id)) FROM ${ORIGINS}`]);
      const times = datasets.map(({ lastChange }) => Number(lastChange ?? 0));
      const committedAt = String(Math.max(0, ...times));
      await connection.run(`UPDATE ${STORE} SET sequence = $1, committed_at = $2`, [String(head), committedAt]);
      await this.#note('unfinished', note);
    });
  }

  addRows(dataset: Dataset, part: StorePart, { length, columns }: RecordBatch, note: string): Promise<void> {
    const own = storedColumns(dataset, part);
    const names = own.map(({ name, property }) => (property === null ? name : propertyColumn(property)));
    const table = part === 'current' ? currentTable(dataset) : historyTable(dataset);
    const values = own.map(({ dbType }, index) => {
      const vector = columns[index];
      if (vector === undefined) throw new RangeError('a block of a copy lacks a column');
      return readValues(dbType, vector, length);
    });
    const lines = Array.from({ length }, (_, at) => lineOf(values.map((column) => encodeValue(column[at] ?? null))));
    return this.#transaction(async () => {
      await this.#copy(`${table} (${names.join(', ')})`, lines);
      await this.#note('unfinished', note);
    });
  }

  addMarks(marks: readonly DatedMark[], note: string): Promise<void> {
    return this.#transaction(async () => {
      await this.#marks(marks);
      await this.#note('unfinished', note);
    });
  }

  reading(): Promise<StoreExport> {
    const connection = this.#connection;
    return PostgresExport.begin(connection, async () => {
      await connection.batch(['COMMIT']);
    });
  }

  finish(note: string): Promise<void> {
    return this.#transaction(async (connection) => {
      for (const dataset of await datasetsIn(connection)) {
        for (const { sql } of declaredIndexes(dataset)) await connection.batch([sql]);
      }
      await prepareReader(connection, this.#schema);
      await connection.run(`DELETE FROM ${MARKS} WHERE kind = $1`, [MIGRATION_MARK]);
      await this.#note('finished', note);
    });
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  async #transaction(work: (connection: PostgresConnection) => Promise<void>): Promise<void> {
    try {
      await this.#connection.batch(['BEGIN']);
      await work(this.#connection);
      await this.#connection.batch(['COMMIT']);
    } catch (error) {
      await this.#connection.batch(['ROLLBACK']).catch(() => {});
      throw translatePostgresError(error);
    }
  }

  /** @param lines in the text form of COPY */
  async #copy(target: string, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const stream = this.#client.query(copyFrom(`COPY ${target} FROM STDIN`));
    await pipeline(Readable.from([Buffer.from(lines.join(''))]), stream);
  }

  async #marks(marks: readonly DatedMark[]): Promise<void> {
    const column = (name: keyof DatedMark) => arrayOf(marks.map((mark) => mark[name]));
    await this.#connection.run(
      `INSERT INTO ${MARKS} (kind, key, value, made_at) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamp[]) ` +
        'ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, made_at = excluded.made_at',
      [column('kind'), column('key'), column('value'), column('madeAt')],
    );
  }

  #note(key: string, value: string): Promise<void> {
    return this.#marks([{ kind: MIGRATION_MARK, key, value, madeAt: new Date().toISOString() }]);
  }
}

function lineOf(values: readonly PostgresValue[]): string {
  return `${values.map(copied).join('\t')}\n`;
}

/** How long the server may take to see that a process which was killed is gone. */
const LOCK_TRIES = 20;
const LOCK_PAUSE_MS = 250;

/**
 * Opens the store in a database as the target of a copy, making an empty one where there is none. One process at a time.
 * @throws DataForgeError `invalid_configuration`, `unavailable`, `store_newer`, `store_locked`
 */
export async function openPostgresImport(url: string, schema: string): Promise<StoreImport> {
  const address = shownAddress(url);
  await prepareCopy(url, schema);
  let client: pg.Client | null = null;
  try {
    client = await connectForCopy(url, schema);
    await lockCopy(new PostgresConnection(client), address);
    return new PostgresImport(client, schema);
  } catch (error) {
    await client?.end().catch(() => {});
    throw translateConnectError(error, address);
  }
}

/** Held until the connection ends. */
async function lockCopy(connection: PostgresConnection, address: string): Promise<void> {
  const sql =
    "SELECT pg_try_advisory_lock(hashtextextended('data-forge migrate ' || current_setting('search_path'), 0))";
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    if ((await connection.row(sql))?.[0] === 't') return;
    await wait(LOCK_PAUSE_MS);
  }
  throw new DataForgeError(
    'store_locked',
    `Another process is copying to ${address}; wait until it is done, or stop it.`,
  );
}
