import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { BulkCounts, BulkLoader, BulkRequest } from '#application/ports/bulk-loader.ts';
import { Rejections } from '#application/records/rejections.ts';
import { uniqueConstraints, uploadIdentity } from '#domain/dataset/constraints.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { type RowFormat, type RowLimits, readRows } from '#formats/rows/read-rows.ts';
import { abortable, throwIfAborted } from '../shared/abort.ts';
import { matchParquetColumns, type ParquetColumn } from '../shared/parquet-columns.ts';
import { newSpoolFile, receiveBody } from '../shared/spool.ts';
import { type CommitEnd, guardMarks, type OpenCommit, writeMarks } from './postgres-commits.ts';
import { FarRows } from './postgres-far-rows.ts';
import { type GoodRow, PostgresLoad } from './postgres-load.ts';
import { StagedRows } from './postgres-staging.ts';
import type { PostgresStore } from './postgres-store.ts';

const ROW_LIMITS: RowLimits = { maxRowBytes: 16 * 1024 * 1024, maxMessageBytes: 256 * 1024 * 1024 };

/** Bodies of more rows than this are staged in the database. */
const HELD_ROWS = 2048;

/**
 * Bulk loads: a body is read and checked row by row, the rows of a large one copied to the server meanwhile, and then
 * stored as one commit; only for that other writers wait.
 */
export class PostgresLoader implements BulkLoader {
  readonly #store: PostgresStore;

  constructor(store: PostgresStore) {
    this.#store = store;
  }

  async load(request: BulkRequest): Promise<BulkCounts> {
    throwIfAborted(request.signal);
    const files: string[] = [];
    try {
      const body = request.format === 'parquet' ? await this.#arrowOf(request, files) : request.body;
      return await this.#load({ ...request, body });
    } finally {
      for (const file of files) await rm(file, { force: true });
    }
  }

  async #load(request: BulkRequest): Promise<BulkCounts> {
    const upload = new Upload(request, compileRowValidator(request.dataset, this.#store.compilePattern));
    const blocks = upload.read();
    try {
      const held: GoodRow[] = [];
      while (held.length <= HELD_ROWS) {
        const { done, value } = await blocks.next();
        if (done) return await this.#loadHeld(upload, held);
        for (const row of value) held.push(row);
      }
      return await this.#loadLong(upload, held, blocks);
    } finally {
      await blocks.return(undefined);
    }
  }

  async #loadHeld(upload: Upload, held: readonly GoodRow[]): Promise<BulkCounts> {
    upload.finish();
    return this.#store.streams.use(upload.request.signal, (connection) => {
      return this.#commit(connection, upload, null, (commit) => upload.storeEach(commit, [held]));
    });
  }

  /** Rows that can meet nothing go to where they stay, the rest to a table of their own until the commit. */
  async #loadLong(
    upload: Upload,
    held: readonly GoodRow[],
    blocks: AsyncIterableIterator<readonly GoodRow[]>,
  ): Promise<BulkCounts> {
    const { request } = upload;
    return this.#store.streams.use(request.signal, async (connection) => {
      const isFar = this.#store.numbersAhead && !upload.canMeet && held[0]?.id === null;
      const far = isFar ? await FarRows.begin(connection, this.#store.commits, request) : null;
      const left = far === null ? held : await far.fill(chain(held, blocks));
      const staged = left.length > 0 ? new StagedRows(connection, request.dataset) : null;
      await staged?.fill(chain(left, blocks));
      upload.finish();
      const store = (commit: OpenCommit) => upload.storeLong(commit, far?.count ?? 0, staged);
      const counts = await this.#commit(connection, upload, far?.stampOfNext ?? null, store);
      await staged?.drop();
      return counts;
    });
  }

  async #commit(
    connection: OpenCommit['connection'],
    { request }: Upload,
    far: CommitStamp | null,
    store: (commit: OpenCommit) => Promise<{ readonly counts: BulkCounts; readonly nextSeq: number }>,
  ): Promise<BulkCounts> {
    const { dataset, marks, guards, signal } = request;
    let counts: BulkCounts | null = null;
    const work = async (commit: OpenCommit): Promise<CommitEnd> => {
      throwIfAborted(signal);
      await guardMarks(commit, guards);
      const stored = await store(commit);
      counts = stored.counts;
      const values = marks.map(({ kind, key, value }) => ({ kind, key, value: value(stored.counts) }));
      await writeMarks(commit, values);
      return { nextSeq: stored.nextSeq, datasets: [dataset.name] };
    };
    const { commits } = this.#store;
    await (far === null ? commits.commitOn(connection, work) : commits.commitFar(connection, far, work));
    if (counts === null) throw new TypeError('a load that was committed has counts');
    return counts;
  }

  async #arrowOf({ dataset, body, signal }: BulkRequest, files: string[]): Promise<AsyncIterable<Uint8Array>> {
    const { spoolDir, parquet } = this.#store;
    const newFile = () => {
      const file = newSpoolFile(spoolDir, 'parquet');
      files.push(file);
      return file;
    };
    const received = await receiveBody(abortable(body, signal), newFile, 0);
    const arrow = newFile();
    const check = (columns: readonly ParquetColumn[]) => void matchParquetColumns(dataset, columns);
    if ('file' in received) await (await parquet()).toArrow(received.file, arrow, check, signal);
    return createReadStream(arrow, { highWaterMark: 256 * 1024 });
  }
}

/** A body while it is read: its rows, what is wrong with some of them, and which of them come again. */
class Upload {
  readonly request: BulkRequest;
  readonly #validator: ReturnType<typeof compileRowValidator>;
  readonly #rejected: Rejections;
  /** How often each identity comes; only where that matters. */
  readonly #identities = new Map<string, number>();

  constructor(request: BulkRequest, validator: ReturnType<typeof compileRowValidator>) {
    this.request = request;
    this.#validator = validator;
    this.#rejected = new Rejections(request.onInvalid);
  }

  /** The rows that can be stored. */
  async *read(): AsyncGenerator<readonly GoodRow[]> {
    const { dataset, body, format, onConflict, onInvalid, signal } = this.request;
    const bytes = abortable(body, signal);
    for await (const block of readRows(
      bytes,
      (format === 'parquet' ? 'arrow' : format) satisfies RowFormat,
      this.#validator,
      ROW_LIMITS,
    )) {
      for (const row of block) {
        if (!row.ok) this.#rejected.add(row.line, row.faults, row.garbled ? 'invalid_body' : 'invalid_value');
      }
      if (this.#rejected.isFull) return;
      // Rows of a body that is refused as a whole are only looked at.
      if (onInvalid === 'abort' && this.#rejected.count > 0) continue;
      const good = block.filter((row): row is GoodRow => row.ok);
      if (onConflict === 'update') {
        for (const row of good) this.#count(uploadIdentity(dataset, row));
      }
      yield good;
    }
  }

  /** @throws DataForgeError where a row is wrong and the policy is to abort */
  finish(): void {
    this.#rejected.throwIfAborting();
  }

  /** Whether a row without an id of its own can meet another, in the store or in the body, or has to be looked at once more. */
  get canMeet(): boolean {
    const { dataset, returnRecords, removesOthers = false } = this.request;
    return uniqueConstraints(dataset).length > 0 || returnRecords || removesOthers;
  }

  /**
   * Stores what is staged behind rows that are there already: the quick way where all rows are new, the exact one where
   * they are not.
   */
  async storeLong(commit: OpenCommit, there: number, staged: StagedRows | null) {
    const created = await this.#createStaged(commit, staged);
    if (created !== null) return { counts: this.#created(there + created), nextSeq: commit.stamp.firstSeq + created };
    const { counts, nextSeq } = await this.storeEach(commit, staged?.read() ?? []);
    return { counts: { ...counts, created: there + counts.created }, nextSeq };
  }

  async #createStaged(commit: OpenCommit, staged: StagedRows | null): Promise<number | null> {
    if (staged === null) return 0;
    const { returnRecords, removesOthers, origin } = this.request;
    return returnRecords || removesOthers ? null : staged.storeAsNew(commit, origin);
  }

  #created(created: number): BulkCounts {
    const { count: rejected, reported: rejections } = this.#rejected;
    return { created, updated: 0, ignored: 0, rejected, rejections, recordsJson: null };
  }

  async storeEach(commit: OpenCommit, blocks: AsyncIterable<readonly GoodRow[]> | readonly (readonly GoodRow[])[]) {
    const repeated = new Map([...this.#identities].filter(([, times]) => times > 1));
    const load = new PostgresLoad(commit, this.request, this.#rejected, repeated);
    for await (const rows of blocks) {
      throwIfAborted(this.request.signal);
      await load.take(rows);
    }
    if (this.request.removesOthers) await load.removeOthers();
    return { counts: load.finish(), nextSeq: load.nextSeq };
  }

  #count(identity: string | null): void {
    if (identity !== null) this.#identities.set(identity, (this.#identities.get(identity) ?? 0) + 1);
  }
}

async function* chain<T>(first: T, rest: AsyncIterableIterator<T>): AsyncGenerator<T> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
