import type { WriteOutcome, WriteRequest } from '#domain/record/change.ts';

/** Small writes. */
export interface RecordWriter {
  /**
   * Makes one durable commit of many independent requests; each is all-or-nothing for itself, and a request that
   * cannot stand (`key_exists`, `unknown_record`, `version_moved`) leaves its neighbours alone.
   * @returns one outcome a request, in order; when it resolves, every `ok` one is on disk
   */
  commit(requests: readonly WriteRequest[]): Promise<readonly WriteOutcome[]>;
  /** The value of a mark, or null; marks of a kind are forgotten by `forgetMarks`. */
  readMark(kind: string, key: string): Promise<string | null>;
  /** The values of marks of one kind that are there, by their keys; at most some thousands are asked for at once. */
  readMarks(kind: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Drops the marks of a kind that were made before a canonical timestamp. */
  forgetMarks(kind: string, before: string): Promise<void>;
}
