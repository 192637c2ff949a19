import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { ParquetCodec } from '../shared/parquet-codec.ts';
import type { Committed } from './sqlite-commits.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import type { SqliteReaders } from './sqlite-readers.ts';
import type { SqliteThread } from './sqlite-thread.ts';
import type { WriterCalls } from './sqlite-writer-calls.ts';

/** What the parts of the engine share on the main thread. */
export class SqliteStore {
  readonly path: string;
  readonly spoolDir: string;
  readonly gate: AdmissionGate;
  readonly parquet: () => Promise<ParquetCodec>;
  readonly writer: SqliteThread<WriterCalls>;
  readonly readers: SqliteReaders;
  /** For reads that take a few steps in a tree, quicker than the way to another thread. */
  readonly points: SqliteConnection;
  /** The highest number of a change that was forgotten, by dataset. */
  trimmedTo: ReadonlyMap<string, number>;
  #head: number;
  readonly #listeners = new Set<(head: number, datasets: ReadonlySet<string>) => void>();

  constructor(parts: {
    readonly path: string;
    readonly spoolDir: string;
    readonly gate: AdmissionGate;
    readonly parquet: () => Promise<ParquetCodec>;
    readonly writer: SqliteThread<WriterCalls>;
    readonly readers: SqliteReaders;
    readonly points: SqliteConnection;
    readonly head: number;
    readonly trimmedTo: ReadonlyMap<string, number>;
  }) {
    this.path = parts.path;
    this.spoolDir = parts.spoolDir;
    this.gate = parts.gate;
    this.parquet = parts.parquet;
    this.writer = parts.writer;
    this.readers = parts.readers;
    this.points = parts.points;
    this.trimmedTo = parts.trimmedTo;
    this.#head = parts.head;
  }

  /** The highest number that is visible. */
  get head(): number {
    return this.#head;
  }

  /** Tells of a commit that is durable. */
  committed({ lastSeq, datasets }: Committed): void {
    this.#head = lastSeq;
    for (const listener of this.#listeners) listener(lastSeq, new Set(datasets));
  }

  subscribe(onCommit: (head: number, datasets: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(onCommit);
    return () => this.#listeners.delete(onCommit);
  }
}
