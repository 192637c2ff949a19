import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Origin } from '#domain/record/change.ts';
import { idOf } from '#domain/record/id.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { BinaryCopy, type FieldWriter, fieldWriter, sinceEpoch } from './postgres-binary-copy.ts';
import type { PostgresCommits } from './postgres-commits.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { columnNames, currentTable, SYSTEM_COLUMN_TYPES } from './postgres-layout.ts';
import type { GoodRow } from './postgres-load.ts';

/**
 * New rows of a long load on their way to where they stay, in a transaction that is open as long as they come. They have
 * numbers far ahead, so that small commits go on below them. Nothing waits for a row that has no key and an id that
 * only this load could make.
 */
export class FarRows {
  readonly #connection: PostgresConnection;
  readonly #dataset: Dataset;
  readonly #stamp: CommitStamp;
  /** What each row begins with, but for its own number in two places. */
  readonly #head: Buffer;
  readonly #writers: readonly FieldWriter[];
  #count = 0;

  private constructor(connection: PostgresConnection, dataset: Dataset, stamp: CommitStamp, originId: number) {
    this.#connection = connection;
    this.#dataset = dataset;
    this.#stamp = stamp;
    this.#head = headOfRow(dataset, stamp, originId);
    this.#writers = dataset.properties.map(({ dbType }) => fieldWriter(dbType));
  }

  /** @returns null where another load has numbers far ahead, or the tables are about to be changed */
  static async begin(
    connection: PostgresConnection,
    commits: PostgresCommits,
    { dataset, origin }: { readonly dataset: Dataset; readonly origin: Origin },
  ): Promise<FarRows | null> {
    const originId = await commits.originId(origin);
    await connection.batch(['BEGIN']);
    const sql = `SELECT pg_try_advisory_xact_lock(${FAR_LOCK}) AND pg_try_advisory_xact_lock_shared(${LOAD_LOCK})`;
    if ((await connection.row(sql, [dataset.name]))?.[0] !== 't') {
      await connection.batch(['ROLLBACK']);
      return null;
    }
    return new FarRows(connection, dataset, await commits.stampFar(connection), originId);
  }

  /** How many rows are there. */
  get count(): number {
    return this.#count;
  }

  /** The stamp of what comes behind these rows in the same commit. */
  get stampOfNext(): CommitStamp {
    return { ...this.#stamp, firstSeq: this.#stamp.firstSeq + this.#count };
  }

  /**
   * Copies rows until one comes that brings an id.
   * @returns that row and those that came with it; none where all rows were copied
   */
  async fill(blocks: AsyncIterator<readonly GoodRow[]>): Promise<readonly GoodRow[]> {
    const columns = columnNames(this.#dataset).join(', ');
    const sql = `COPY ${currentTable(this.#dataset)} (${columns}) FROM STDIN (FORMAT binary)`;
    let left: readonly GoodRow[] = [];
    const copied = async function* (rows: FarRows) {
      const out = new BinaryCopy();
      for (let next = await blocks.next(); !next.done; next = await blocks.next()) {
        left = rows.#write(out, next.value);
        if (out.isFull) yield out.take();
        if (left.length > 0) break;
      }
      yield out.end();
    };
    await pipeline(Readable.from(copied(this), { objectMode: true }), this.#connection.client.query(copyFrom(sql)));
    return left;
  }

  /** @returns what is left from the first row on that brings an id */
  #write(out: BinaryCopy, rows: readonly GoodRow[]): readonly GoodRow[] {
    const head = this.#head;
    const writers = this.#writers;
    for (const [at, { id, row }] of rows.entries()) {
      if (id !== null) return rows.slice(at);
      const seq = this.#stamp.firstSeq + this.#count++;
      head.writeUIntBE(seq, head.length - FROM_END.locator, 6);
      head.writeUIntBE(seq, head.length - FROM_END.seq, 6);
      out.raw(head);
      for (let index = 0; index < writers.length; index++) writers[index]?.(out, row[index] ?? null);
    }
    return [];
  }
}

function headOfRow({ properties }: Dataset, { firstSeq, idPrefix, at }: CommitStamp, originId: number): Buffer {
  const out = new BinaryCopy();
  out.take();
  out.int16(SYSTEM_COLUMN_TYPES.length + properties.length);
  fieldWriter({ name: 'UUID' })(out, idOf(idPrefix, firstSeq));
  for (const _ of ['created', 'updated']) {
    out.int32(8);
    out.int64(sinceEpoch(at));
  }
  fieldWriter({ name: 'INTEGER' })(out, 1);
  fieldWriter({ name: 'BIGINT' })(out, BigInt(firstSeq));
  fieldWriter({ name: 'INTEGER' })(out, originId);
  return Buffer.from(out.take());
}

/** Where the number of a row lies, in bytes before the end of what rows begin with: in its id and by itself. */
const FROM_END = { locator: 6 + 12 + 12 + 8 + 12 + 8, seq: 6 + 8 };

/** One load of a store at a time has numbers far ahead. */
const FAR_LOCK = "hashtextextended('data-forge far ' || current_setting('search_path'), 0)";
/** Loads of a dataset have it together, who changes its tables has it alone. */
const LOAD_LOCK = "hashtextextended('data-forge load ' || current_setting('search_path') || ' ' || $1, 0)";

/** Waits for loads that put rows into a dataset's tables, and keeps others out until the transaction ends. */
export async function waitForLoads(connection: PostgresConnection, { name }: Dataset): Promise<void> {
  await connection.row(`SELECT pg_advisory_xact_lock(${LOAD_LOCK})`, [name]);
}
