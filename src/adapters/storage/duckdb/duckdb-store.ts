import { randomBytes } from 'node:crypto';
import type { DuckDBInstance } from '@duckdb/node-api';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import { CommitClock } from '#domain/record/commit-clock.ts';
import { idPrefix } from '#domain/record/id.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { SequenceNumbers } from '#domain/record/sequence.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { CommitLock } from '../shared/commit-lock.ts';
import type { BlockSizes } from './duckdb-load-context.ts';
import { LocatorIndexes, type LocatorIndexLimits } from './duckdb-locator-indexes.ts';
import type { DuckDbOrigins } from './duckdb-origins.ts';
import { RowFinder } from './duckdb-row-finder.ts';
import { DuckDbSession } from './duckdb-session.ts';

/** How far the engine makes rows ahead of who reads a stream. */
const STREAMING_BUFFER = '4MB';

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

/** What the parts of the engine share: the open file, the sequence, the commit lock, and who wants to know of commits. */
export class DuckDbStore {
  readonly instance: DuckDBInstance;
  readonly path: string;
  readonly options: DuckDbStoreOptions;
  readonly sequence: SequenceNumbers;
  readonly commitLock = new CommitLock();
  /** The highest number of a change that was forgotten, by dataset. */
  readonly trimmedTo: Map<string, number>;
  /** Loads of many blocks, one behind the other. */
  readonly longLoads = new CommitLock();
  /** The session of small commits and schema changes; used with the commit lock held. */
  readonly writer: DuckDbSession;
  readonly origins: DuckDbOrigins;
  readonly locatorIndexes: LocatorIndexes;
  readonly finder: RowFinder;
  readonly #clock = new CommitClock(() => performance.timeOrigin + performance.now());
  readonly #listeners = new Set<(head: number, datasets: ReadonlySet<string>) => void>();
  readonly #idle: DuckDbSession[] = [];
  readonly #open = new Set<DuckDbSession>();

  constructor(parts: {
    instance: DuckDBInstance;
    path: string;
    options: DuckDbStoreOptions;
    head: number;
    writer: DuckDbSession;
    origins: DuckDbOrigins;
    trimmedTo: Map<string, number>;
    /** The tables with an index on their locators. */
    indexedTables: readonly string[];
  }) {
    this.instance = parts.instance;
    this.path = parts.path;
    this.options = parts.options;
    this.sequence = new SequenceNumbers(parts.head);
    this.writer = parts.writer;
    this.origins = parts.origins;
    this.trimmedTo = parts.trimmedTo;
    this.locatorIndexes = new LocatorIndexes(parts.writer, parts.indexedTables, parts.options.locatorIndexes, (work) =>
      this.longLoads.hold(() => this.commitLock.hold(work)),
    );
    this.finder = new RowFinder(this.locatorIndexes);
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
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const session = await openSession(this.instance);
    this.#open.add(session);
    return session;
  }

  giveBack(session: DuckDbSession): void {
    this.#idle.push(session);
  }

  /** A session of the caller's own, outside the store's database; `closeSession` ends it. */
  async openSession(): Promise<DuckDbSession> {
    const session = new DuckDbSession(await this.instance.connect());
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
    for (const session of this.#open) session.close();
    this.#open.clear();
    this.writer.close();
    this.instance.closeSync();
  }
}

/** A new connection that sees the store as its own database. */
export async function openSession(instance: DuckDBInstance): Promise<DuckDbSession> {
  const session = new DuckDbSession(await instance.connect());
  await session.execute('USE store');
  await session.execute(`SET streaming_buffer_size = '${STREAMING_BUFFER}'`);
  return session;
}
