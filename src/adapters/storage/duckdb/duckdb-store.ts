import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import { CommitClock } from '#domain/record/commit-clock.ts';
import { idPrefix } from '#domain/record/id.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { SequenceNumbers } from '#domain/record/sequence.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { CommitLock } from '../shared/commit-lock.ts';
import { storeIsDown } from './duckdb-errors.ts';
import type { BlockSizes } from './duckdb-load-context.ts';
import { LocatorIndexes, type LocatorIndexLimits } from './duckdb-locator-indexes.ts';
import { datasetsOf, type OpenedFile, readOpened } from './duckdb-meta.ts';
import { openSession, reattach } from './duckdb-open.ts';
import type { DuckDbOrigins } from './duckdb-origins.ts';
import { RowFinder } from './duckdb-row-finder.ts';
import { DuckDbSession } from './duckdb-session.ts';

export interface DuckDbStoreOptions {
  /** The folder of the store file, its spool and its temporary files. */
  readonly dataDir: string;
  readonly spoolDir: string;
  readonly blocks: BlockSizes;
  readonly locatorIndexes: LocatorIndexLimits;
  readonly compilePattern: CompilePattern;
  /** Where the calls of streams wait for their turn. */
  readonly gate: AdmissionGate;
}

/** How long after a file could not be opened anew it is tried again, in milliseconds. */
const RETRY_AFTER = 1000;

/** What the parts of the engine share: the open file, the sequence, the commit lock, and who wants to know of commits. */
export class DuckDbStore {
  readonly instance: DuckDBInstance;
  readonly path: string;
  readonly options: DuckDbStoreOptions;
  readonly sequence = new SequenceNumbers(0);
  readonly commitLock = new CommitLock();
  /** Loads of many blocks, one behind the other. */
  readonly longLoads = new CommitLock();
  readonly #clock = new CommitClock(() => performance.timeOrigin + performance.now());
  readonly #listeners = new Set<(head: number, datasets: ReadonlySet<string>) => void>();
  readonly #idle: DuckDbSession[] = [];
  readonly #open = new Set<DuckDbSession>();
  #file!: OpenedFile;
  #locatorIndexes!: LocatorIndexes;
  #finder!: RowFinder;
  #isDown = false;
  #isClosed = false;

  private constructor(instance: DuckDBInstance, path: string, options: DuckDbStoreOptions) {
    this.instance = instance;
    this.path = path;
    this.options = options;
  }

  /** @param instance has the file attached */
  static async open(instance: DuckDBInstance, path: string, options: DuckDbStoreOptions): Promise<DuckDbStore> {
    const store = new DuckDbStore(instance, path, options);
    await store.#readFile();
    return store;
  }

  /** The session of small commits and schema changes; used with the commit lock held. */
  get writer(): DuckDbSession {
    return this.#file.writer;
  }

  get origins(): DuckDbOrigins {
    return this.#file.origins;
  }

  /** The highest number of a change that was forgotten, by dataset. */
  get trimmedTo(): Map<string, number> {
    return this.#file.trimmedTo;
  }

  get locatorIndexes(): LocatorIndexes {
    return this.#locatorIndexes;
  }

  get finder(): RowFinder {
    return this.#finder;
  }

  /** Lends a session for the time of `work`; sessions are kept for the next borrower. */
  async withSession<T>(work: (session: DuckDbSession) => Promise<T>): Promise<T> {
    const session = await this.borrow();
    try {
      return await work(session);
    } finally {
      this.giveBack(session);
    }
  }

  async borrow(): Promise<DuckDbSession> {
    if (this.#isDown) throw storeIsDown();
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const session = await openSession(this.instance, this.#onGivenUp);
    this.#open.add(session);
    return session;
  }

  giveBack(session: DuckDbSession): void {
    if (session.isRetired) this.closeSession(session);
    else this.#idle.push(session);
  }

  /** A session of the caller's own, outside the store's database; `closeSession` ends it. */
  async openSession(): Promise<DuckDbSession> {
    if (this.#isDown) throw storeIsDown();
    const session = new DuckDbSession(await this.instance.connect(), this.#onGivenUp);
    this.#open.add(session);
    return session;
  }

  closeSession(session: DuckDbSession): void {
    if (this.#open.delete(session)) session.close();
  }

  /** The numbers and the time of a commit that begins at `firstSeq`. */
  stamp(firstSeq: number): CommitStamp {
    const { at, milliseconds } = this.#clock.next();
    return { firstSeq, at, idPrefix: idPrefix(milliseconds, randomBytes(4).readUInt32LE()) };
  }

  /** Makes a durable commit visible to those who follow. */
  committed(lastSeq: number, datasets: ReadonlySet<string>): void {
    this.sequence.advance(lastSeq);
    for (const listener of this.#listeners) listener(lastSeq, datasets);
  }

  subscribe(onCommit: (head: number, datasets: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(onCommit);
    return () => this.#listeners.delete(onCommit);
  }

  close(): void {
    this.#isClosed = true;
    for (const session of this.#open) session.close();
    this.#open.clear();
    this.instance.closeSync();
  }

  /** Opens the file anew as soon as that works, and refuses what is asked until then. */
  readonly #onGivenUp = (): void => {
    if (this.#isDown) return;
    this.#isDown = true;
    void this.#recover();
  };

  async #recover(): Promise<void> {
    while (this.#isDown && !this.#isClosed) {
      try {
        await this.commitLock.hold(() => this.#openAnew());
      } catch {
        await sleep(RETRY_AFTER, undefined, { ref: false });
      }
    }
  }

  /**
   * With the commit lock held. Who was in the middle of something finds its session retired: nothing of what was begun
   * on the old file may end on the new one. A commit that failed may be on disk all the same, so what is known of the
   * file is read again and those who follow are told of it.
   */
  async #openAnew(): Promise<void> {
    if (this.#isClosed) return;
    await Promise.all([...this.#open].map((session) => session.retire()));
    for (const session of [this.writer, ...this.#idle.splice(0)]) this.closeSession(session);
    await reattach(this.instance, this.path);
    await this.#readFile();
    this.#isDown = false;
    const datasets = await datasetsOf(this.writer);
    this.committed(this.sequence.head, new Set(datasets.map(({ name }) => name)));
  }

  async #readFile(): Promise<void> {
    const writer = await openSession(this.instance, this.#onGivenUp);
    this.#open.add(writer);
    try {
      this.#file = await readOpened(writer);
    } catch (error) {
      this.closeSession(writer);
      throw error;
    }
    this.sequence.advance(Math.max(this.#file.head, this.sequence.head));
    const alone = (work: () => Promise<void>) => this.longLoads.hold(() => this.commitLock.hold(work));
    const { indexedTables } = this.#file;
    this.#locatorIndexes = new LocatorIndexes(writer, indexedTables, this.options.locatorIndexes, alone);
    this.#finder = new RowFinder(this.#locatorIndexes);
  }
}
