import { rm } from 'node:fs/promises';
import type { BulkCounts, BulkLoader, BulkRequest } from '#application/ports/bulk-loader.ts';
import { Rejections } from '#application/records/rejections.ts';
import { DataForgeError } from '#domain/errors.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { literal } from '../sql/identifier.ts';
import { deleteOthers } from './duckdb-delete-others.ts';
import { explainConflict } from './duckdb-explain-conflict.ts';
import type { LoadContext, StagedBlock, StagedTable } from './duckdb-load-context.ts';
import { refuseMetIds } from './duckdb-met-ids.ts';
import { guardMarks, writeMarks } from './duckdb-mutations.ts';
import { stageArrow } from './duckdb-read-arrow.ts';
import { stageParquet } from './duckdb-read-columns.ts';
import { stageCsvBody } from './duckdb-read-csv.ts';
import { stageJsonArray, stageNdjson } from './duckdb-read-lines.ts';
import { renderStored } from './duckdb-render-stored.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { newSpoolFile } from './duckdb-spool.ts';
import { StagingTable } from './duckdb-staging-table.ts';
import type { DuckDbStore } from './duckdb-store.ts';
import { storeStaged } from './duckdb-store-staged.ts';

const STAGERS = {
  ndjson: stageNdjson,
  json: stageJsonArray,
  csv: stageCsvBody,
  parquet: stageParquet,
  arrow: stageArrow,
};

/**
 * Large writes on DuckDB. A body is cut into blocks; the engine reads each into a staged table, sure of most rows, and
 * the domain's own rule settles the others. Then all blocks go into the dataset's table as one commit.
 */
export class DuckDbLoader implements BulkLoader {
  readonly #store: DuckDbStore;

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  async load(request: BulkRequest): Promise<BulkCounts> {
    const session = await this.#store.borrow();
    const context: LoadContext = {
      request,
      session,
      finder: this.#store.finder,
      spoolDir: this.#store.options.spoolDir,
      blocks: this.#store.options.blocks,
      validator: compileRowValidator(request.dataset, this.#store.options.compilePattern),
      rejections: new Rejections(request.onInvalid),
    };
    let tables: readonly StagedTable[] = [];
    const files: string[] = [];
    try {
      const body = await stageAll(context, files);
      // Of rows that mean one record the last counts, wherever in the body it stands.
      tables = request.onConflict === 'update' ? await mergeTables(context, body.tables, files) : body.tables;
      const [only] = tables;
      return await (only !== undefined && body.isShort
        ? this.#loadShort(context, only)
        : this.#store.longLoads.hold(() => this.#loadLong(context, tables)));
    } catch (error) {
      const isUnexplained =
        error instanceof DataForgeError && error.code === 'key_exists' && context.rejections.count === 0;
      if (isUnexplained) await explainConflict(context, tables, this.#store.sequence.next);
      throw error;
    } finally {
      await dropTemporary(session);
      for (const file of files) await rm(file, { force: true });
      this.#store.giveBack(session);
    }
  }

  /** A body of one block takes the next numbers. */
  #loadShort(context: LoadContext, table: StagedTable): Promise<BulkCounts> {
    return this.#store.commitLock.hold(async () => {
      await guardMarks(this.#store.writer, context.request.guards);
      const load = await this.#begin(context, this.#store.sequence.next);
      const counts = await context.session.transaction(async () => {
        await load.store(table);
        await load.removeOthers([table]);
        return load.finish();
      });
      return load.committed(counts);
    });
  }

  /** A body of many blocks takes numbers far ahead, so that small commits go on while it is stored. */
  async #loadLong(context: LoadContext, tables: readonly StagedTable[]): Promise<BulkCounts> {
    const { sequence, commitLock, locatorIndexes } = this.#store;
    const { load, head } = await commitLock.hold(async () => {
      await locatorIndexes.drop(context.request.dataset);
      const { head } = sequence;
      return { head, load: await this.#begin(context, sequence.reserveFar()) };
    });
    const { session } = context;
    try {
      await session.run('BEGIN TRANSACTION');
      for (const table of tables) await load.store(table);
      await load.removeOthers(tables);
      return await commitLock.hold(async () => {
        await guardMarks(this.#store.writer, context.request.guards);
        await refuseMetIds(context, tables, this.#store.writer, { head, at: load.at });
        const counts = await load.finish();
        await session.run('COMMIT');
        return load.committed(counts);
      });
    } catch (error) {
      await session.connection.run('ROLLBACK').catch(() => {});
      throw error;
    } finally {
      sequence.releaseFar();
    }
  }

  async #begin(context: LoadContext, firstSeq: number): Promise<Load> {
    const originId = await this.#store.origins.idOf(context.request.origin);
    return new Load(this.#store, context, this.#store.stamp(firstSeq), originId);
  }
}

/** One upload on its way into the tables: what it has counted, and the next number. */
class Load {
  readonly #store: DuckDbStore;
  readonly #context: LoadContext;
  readonly #stamp: CommitStamp;
  readonly #originId: number;
  readonly #counts = { created: 0, updated: 0, ignored: 0 };
  /** The records of each block, rendered. */
  readonly #records: Uint8Array[] = [];
  #nextSeq: number;
  #deleted: number | null = null;

  constructor(store: DuckDbStore, context: LoadContext, stamp: CommitStamp, originId: number) {
    this.#store = store;
    this.#context = context;
    this.#stamp = stamp;
    this.#originId = originId;
    this.#nextSeq = stamp.firstSeq;
  }

  /** The time of its commit. */
  get at(): string {
    return this.#stamp.at;
  }

  async store(table: StagedTable): Promise<void> {
    const { request, session } = this.#context;
    const stamp = { ...this.#stamp, firstSeq: this.#nextSeq };
    const stored = await session.interruptible(request.signal, () =>
      storeStaged(this.#context, table, stamp, this.#originId, { trusting: true }),
    );
    this.#counts.created += stored.created;
    this.#counts.updated += stored.updated;
    this.#counts.ignored += stored.ignored;
    this.#nextSeq += stored.numbers;
    if (request.returnRecords) this.#records.push(await renderStored(this.#context, table, stamp, stored));
  }

  /** Where the body takes the place of all that stood before. */
  async removeOthers(tables: readonly StagedTable[]): Promise<void> {
    const { request, session } = this.#context;
    if (request.removesOthers !== true) return;
    const at = { firstSeq: this.#stamp.firstSeq, nextSeq: this.#nextSeq, at: this.at, originId: this.#originId };
    this.#deleted = await session.interruptible(request.signal, () => deleteOthers(this.#context, tables, at));
    this.#nextSeq += this.#deleted;
  }

  /** Writes the marks; the transaction can be committed then. */
  async finish(): Promise<BulkCounts> {
    const { request, session, rejections } = this.#context;
    rejections.throwIfAborting();
    const counts: BulkCounts = {
      ...this.#counts,
      rejected: rejections.count,
      ...(this.#deleted !== null && { deleted: this.#deleted }),
      rejections: rejections.reported,
      recordsJson: request.returnRecords ? joined(this.#records) : null,
    };
    const marks = request.marks.map(({ kind, key, value }) => ({ kind, key, value: value(counts) }));
    await writeMarks(session, marks, this.#stamp.at);
    return counts;
  }

  committed(counts: BulkCounts): BulkCounts {
    if (this.#nextSeq > this.#stamp.firstSeq) {
      this.#store.committed(this.#nextSeq - 1, new Set([this.#context.request.dataset.name]));
    }
    return counts;
  }
}

/** With commas between. */
function joined(texts: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0), ...others] = texts.filter(({ length }) => length > 0);
  return others.length === 0 ? first : Buffer.concat([first, ...others.flatMap((text) => [COMMA, text])]);
}

const COMMA = Buffer.from(',');

/** Blocks that stay in memory; what comes behind them is written to the spool. */
const BLOCKS_IN_MEMORY = 4;

/**
 * Stages a whole body, block by block, before the transaction begins: nothing that is wrong with a body ever meets the
 * store, and the engine reads what is committed on all its threads.
 */
async function stageAll(context: LoadContext, files: string[]): Promise<StagedBody> {
  const { session, request, rejections } = context;
  const staging = await StagingTable.open(session, request.dataset);
  const held: StagedBlock[] = [];
  const spooled: StagedTable[] = [];
  for await (const block of STAGERS[request.format]({ ...context, staging })) {
    if (held.length < BLOCKS_IN_MEMORY) {
      held.push(block);
      staging.keep(block.rows);
      if (held.length === BLOCKS_IN_MEMORY) await staging.moveTo('held');
    } else {
      spooled.push({ ...block, table: await spool(context, 'temp.staged', files) });
      await staging.empty();
    }
    rejections.throwIfAborting();
  }
  const first = inOneTable(held, held.length < BLOCKS_IN_MEMORY ? 'temp.staged' : 'temp.held');
  return { isShort: held.length === 1, tables: [first, ...spooled] };
}

/** A body that was read. */
interface StagedBody {
  /** It is of one block. */
  readonly isShort: boolean;
  readonly tables: readonly StagedTable[];
}

/** All tables as one, for what can only be decided over the whole body. */
async function mergeTables(
  context: LoadContext,
  tables: readonly StagedTable[],
  files: string[],
): Promise<readonly StagedTable[]> {
  if (tables.length === 1) return tables;
  const columns = ['ok', 'gid', ...context.request.dataset.properties.map((_, index) => `p${index}`)].join(', ');
  const all = tables.map(({ table }) => `SELECT ${columns} FROM ${table}`).join(' UNION ALL ');
  const merged = await context.session.interruptible(context.request.signal, () => spool(context, `(${all})`, files));
  return [inOneTable(tables, merged)];
}

/** Blocks that lie one behind the other. */
function inOneTable(blocks: readonly StagedBlock[], table: string): StagedTable {
  let rows = 0;
  const placed = blocks.map((block) => {
    const from = rows;
    rows += block.rows;
    return { block, from };
  });
  const lineOf = (place: number) => {
    const found = placed.findLast(({ from }) => from <= place);
    return found === undefined ? 0 : found.block.lineOf(place - found.from);
  };
  return { table, rows, lineOf, complete: blocks.every(({ complete }) => complete) };
}

/** @returns the relation that reads the rows of another back from a file, with their places as row numbers */
async function spool({ session, spoolDir }: LoadContext, relation: string, files: string[]): Promise<string> {
  const file = newSpoolFile(spoolDir, 'parquet');
  files.push(file);
  await session.execute(`COPY ${relation} TO ${literal(file)} (FORMAT parquet, COMPRESSION lz4)`);
  return `(SELECT * EXCLUDE (file_row_number), file_row_number AS rowid FROM read_parquet(${literal(file)}, file_row_number = true))`;
}

async function dropTemporary(session: DuckDbSession): Promise<void> {
  const tables = await session
    .rows(`SELECT table_name FROM duckdb_tables() WHERE database_name = 'temp'`)
    .catch(() => []);
  for (const [name] of tables) await session.execute(`DROP TABLE temp.${name}`).catch(() => {});
}
