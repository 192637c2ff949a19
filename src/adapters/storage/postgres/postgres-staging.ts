import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Value } from '#domain/record/value.ts';
import { BinaryCopy, fieldWriter } from './postgres-binary-copy.ts';
import { type OpenCommit, resolveOrigins } from './postgres-commits.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { isUniqueViolation } from './postgres-errors.ts';
import { columnNames, currentTable } from './postgres-layout.ts';
import type { GoodRow } from './postgres-load.ts';
import { nameOfOrigin } from './postgres-origins.ts';
import { columnType, decoderOf } from './postgres-values.ts';

const STAGED = 'forge_staged';
const FETCHED_ROWS = 4096;

type Origin = Parameters<typeof resolveOrigins>[1][number];

/** Rows of a body on their way into a dataset, in a table that only their connection sees: nobody waits for them. */
export class StagedRows {
  readonly #connection: PostgresConnection;
  readonly #dataset: Dataset;
  #count = 0;

  constructor(connection: PostgresConnection, dataset: Dataset) {
    this.#connection = connection;
    this.#dataset = dataset;
  }

  /** Copies all rows; the first has the place 0. */
  async fill(blocks: AsyncIterable<readonly GoodRow[]>): Promise<void> {
    const columns = this.#dataset.properties.map(({ dbType }, index) => `c${index} ${columnType(dbType)}`);
    const definition = ['place bigint', 'line bigint', 'id uuid', ...columns].join(', ');
    await this.#connection.batch([`CREATE TEMPORARY TABLE ${STAGED} (${definition})`]);
    const copy = this.#connection.client.query(copyFrom(`COPY ${STAGED} FROM STDIN (FORMAT binary)`));
    await pipeline(Readable.from(this.#bytesOf(blocks), { objectMode: true }), copy);
  }

  /**
   * Stores all of them as new rows with one statement.
   * @returns how many; null, and nothing stored, where an id or a key is taken
   */
  async storeAsNew(commit: OpenCommit, origin: Origin): Promise<number | null> {
    const { connection, stamp } = commit;
    const origins = await resolveOrigins(commit, [origin]);
    const properties = this.#dataset.properties.map((_, index) => `c${index}`);
    const made = `($1 || lpad(to_hex($2::bigint + place), 12, '0'))::uuid`;
    const values = [
      `coalesce(id, ${made})`,
      '$3::timestamp',
      '$3::timestamp',
      '1',
      '$2::bigint + place',
      '$4::integer',
    ];
    await connection.batch(['SAVEPOINT staged']);
    try {
      return await connection.run(
        `INSERT INTO ${currentTable(this.#dataset)} (${columnNames(this.#dataset).join(', ')}) ` +
          `SELECT ${[...values, ...properties].join(', ')} FROM ${STAGED}`,
        [stamp.idPrefix, String(stamp.firstSeq), stamp.at, String(origins.get(nameOfOrigin(origin)))],
      );
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      await connection.batch(['ROLLBACK TO SAVEPOINT staged']);
      return null;
    }
  }

  /** The rows again, in their order; only inside a transaction. */
  async *read(): AsyncGenerator<readonly GoodRow[]> {
    const decoders = this.#dataset.properties.map(({ dbType }) => decoderOf(dbType));
    await this.#connection.batch([`DECLARE forge_read NO SCROLL CURSOR FOR SELECT * FROM ${STAGED} ORDER BY place`]);
    for (;;) {
      const rows = await this.#connection.rows(`FETCH ${FETCHED_ROWS} FROM forge_read`);
      if (rows.length === 0) break;
      yield rows.map(([, line, id, ...values]) => ({
        ok: true,
        line: Number(line),
        id: id ?? null,
        row: decoders.map((decode, index): Value => decode(values[index] ?? null)),
      }));
    }
    await this.#connection.batch(['CLOSE forge_read']);
  }

  async drop(): Promise<void> {
    await this.#connection.batch([`DROP TABLE ${STAGED}`]);
  }

  async *#bytesOf(blocks: AsyncIterable<readonly GoodRow[]>): AsyncGenerator<Buffer> {
    const out = new BinaryCopy();
    const writeId = fieldWriter({ name: 'UUID' });
    const writers = this.#dataset.properties.map(({ dbType }) => fieldWriter(dbType));
    const fields = 3 + writers.length;
    for await (const rows of blocks) {
      for (const { line, id, row } of rows) {
        out.int16(fields);
        for (const number of [this.#count++, line]) {
          out.int32(8);
          out.int64(number);
        }
        writeId(out, id);
        for (let index = 0; index < writers.length; index++) writers[index]?.(out, row[index] ?? null);
        if (out.isFull) yield out.take();
      }
    }
    yield out.end();
  }
}
