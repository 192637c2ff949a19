import pg from 'pg';
import {
  type DatasetFacts,
  type DatedMark,
  MIGRATION_MARK,
  type StoreExport,
  type StoreFacts,
} from '#application/ports/store-transfer.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { orderColumn, type StoredColumn, type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import { writeValues } from '#formats/columns/write-values.ts';
import { BlockGatherer, MARKS_OF_A_BLOCK } from '../shared/copy-blocks.ts';
import { noStore } from '../shared/unfinished-copy.ts';
import { PostgresConnection, type PostgresRow } from './postgres-connection.ts';
import { translateConnectError, translatePostgresError } from './postgres-errors.ts';
import { datasetsIn } from './postgres-evolve.ts';
import { currentTable, DATASETS, historyTable, MARKS, ORIGINS, propertyColumn, STORE } from './postgres-layout.ts';
import { refuseNewer, refuseUnfinished, shownAddress } from './postgres-open.ts';
import { clientConfig, sessionSettings } from './postgres-pool.ts';
import { decoderOf } from './postgres-values.ts';

/** Rows that the server sends at once. */
const FETCHED_ROWS = 512;

/** A store in a database as the source of a copy: one snapshot of it, on one connection, whoever writes meanwhile. */
export class PostgresExport implements StoreExport {
  readonly #connection: PostgresConnection;
  readonly #close: () => Promise<void>;

  private constructor(connection: PostgresConnection, close: () => Promise<void>) {
    this.#connection = connection;
    this.#close = close;
  }

  /** Begins the snapshot on a connection that nobody else uses until `close`. */
  static async begin(connection: PostgresConnection, close: () => Promise<void>): Promise<PostgresExport> {
    await connection.batch(['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY']);
    return new PostgresExport(connection, close);
  }

  async facts(): Promise<StoreFacts> {
    const connection = this.#connection;
    const head = await connection.row(`SELECT sequence FROM ${STORE}`);
    const origins = await connection.rows(`SELECT id, caller, run FROM ${ORIGINS} ORDER BY id`);
    const marks = await connection.row(`SELECT count(*) FROM ${MARKS} WHERE kind <> $1`, [MIGRATION_MARK]);
    const datasets: DatasetFacts[] = [];
    for (const dataset of await datasetsIn(connection)) datasets.push(await this.#factsOf(dataset));
    return {
      head: Number(head?.[0]),
      datasets,
      origins: origins.map(([id, caller, run]) => ({ id: Number(id), caller: String(caller), run: run ?? null })),
      marks: Number(marks?.[0]),
    };
  }

  async *rows(dataset: Dataset, part: StorePart, after: number): AsyncGenerator<RecordBatch> {
    const table = part === 'current' ? currentTable(dataset) : historyTable(dataset);
    const columns = storedColumns(dataset, part);
    const names = columns.map(({ name, property }) => (property === null ? name : propertyColumn(property)));
    const number = orderColumn(part);
    const sql = `SELECT ${names.join(', ')} FROM ${table} WHERE ${number} > $1::bigint ORDER BY ${number}`;
    const gathered = new BlockGatherer<PostgresRow>();
    try {
      for await (const rows of this.#connection.blocks(sql, [String(after)], FETCHED_ROWS)) {
        for (const row of rows) {
          const block = gathered.add(row);
          if (block !== null) yield batchOf(columns, block);
        }
      }
    } catch (error) {
      throw translatePostgresError(error);
    }
    const rest = gathered.take();
    if (rest.length > 0) yield batchOf(columns, rest);
  }

  async *marks(): AsyncGenerator<readonly DatedMark[]> {
    const instant = decoderOf({ name: 'TIMESTAMP' });
    const sql =
      `SELECT kind, key, value, made_at FROM ${MARKS} WHERE kind <> $1 AND (kind, key) > ($2, $3) ` +
      `ORDER BY kind, key LIMIT ${MARKS_OF_A_BLOCK}`;
    for (let after: readonly string[] = ['', '']; ; ) {
      const rows = await this.#connection.rows(sql, [MIGRATION_MARK, ...after]).catch(throwTranslated);
      const marks = rows.map(([kind, key, value, madeAt]) => ({
        kind: String(kind),
        key: String(key),
        value: String(value),
        madeAt: String(instant(madeAt ?? null)),
      }));
      const last = marks.at(-1);
      if (last === undefined) return;
      yield marks;
      after = [last.kind, last.key];
    }
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #factsOf(dataset: Dataset): Promise<DatasetFacts> {
    const micros = (time: string) => `(extract(epoch FROM max(${time})) * 1000000)::bigint`;
    const row = await this.#connection.row(
      `SELECT current.*, former.*, greatest(current.at, former.at), (SELECT trimmed_to FROM ${DATASETS} WHERE name = $1) FROM ` +
        `(SELECT count(*) AS rows, ${micros('_updated_at')} AS at FROM ${currentTable(dataset)}) AS current, ` +
        `(SELECT count(*) AS rows, ${micros('_to_at')} AS at FROM ${historyTable(dataset)}) AS former`,
      [dataset.name],
    );
    const [rows, , formers, , lastChange = null, trimmedTo] = row ?? [];
    return {
      dataset,
      trimmedTo: Number(trimmedTo),
      lastChange,
      rows: { current: Number(rows), former: Number(formers) },
    };
  }
}

function batchOf(columns: readonly StoredColumn[], rows: readonly PostgresRow[]): RecordBatch {
  return {
    length: rows.length,
    columns: columns.map(({ dbType }, index) => {
      const decode = decoderOf(dbType);
      return writeValues(
        dbType,
        rows.map((row) => decode(row[index] ?? null)),
      );
    }),
  };
}

function throwTranslated(error: unknown): never {
  throw translatePostgresError(error);
}

/** A connection for as long as a copy takes, which no time limit ends. */
export async function connectForCopy(url: string, schema: string): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(url));
  client.on('error', () => {});
  await client.connect();
  await new PostgresConnection(client).batch([
    ...sessionSettings(schema),
    'SET idle_in_transaction_session_timeout TO 0',
    'SET statement_timeout TO 0',
  ]);
  return client;
}

/**
 * Opens the store in a database to be read as it is now; who writes to it meanwhile is neither hindered nor seen.
 * @throws DataForgeError `invalid_parameter` where there is none, `invalid_configuration`, `unavailable`, `store_newer`, `store_unfinished`
 */
export async function openPostgresExport(url: string, schema: string): Promise<StoreExport> {
  const address = shownAddress(url);
  let client: pg.Client | null = null;
  try {
    client = await connectForCopy(url, schema);
    const connection = new PostgresConnection(client);
    if ((await connection.row('SELECT to_regclass($1)', [STORE]))?.[0] == null) throw noStore(address);
    await refuseNewer(connection, address);
    await refuseUnfinished(connection, address);
    const opened = client;
    return await PostgresExport.begin(connection, () => opened.end());
  } catch (error) {
    await client?.end().catch(() => {});
    throw translateConnectError(error, address);
  }
}
