import type { RecordWriter } from '#application/ports/record-writer.ts';
import type { WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import { collectMarks } from '#domain/record/write-groups.ts';
import { RequestPacker, unpackOutcomes } from './sqlite-commit-wire.ts';
import { MARKS } from './sqlite-layout.ts';
import type { SqliteStore } from './sqlite-store.ts';
import type { MarksQuestion } from './sqlite-writer-calls.ts';

/** Small writes on SQLite: many requests, one transaction on the writer's thread. */
export class SqliteWriter implements RecordWriter {
  readonly #store: SqliteStore;
  readonly #packer = new RequestPacker();

  constructor(store: SqliteStore) {
    this.#store = store;
  }

  async commit(requests: readonly WriteRequest[]): Promise<readonly WriteOutcome[]> {
    const answer = ({ first, count, outcomes }: MarksQuestion) => {
      const asked = requests.slice(first, first + count);
      return collectMarks(asked, unpackOutcomes(asked, outcomes));
    };
    const { outcomes, committed } = await this.#store.writer.call('commit', this.#packer.pack(requests), { answer });
    for (const each of committed) this.#store.committed(each);
    return unpackOutcomes(requests, outcomes);
  }

  async readMark(kind: string, key: string): Promise<string | null> {
    const sql = `SELECT value FROM ${MARKS} WHERE kind = ?1 AND key = ?2`;
    return (this.#store.points.row(sql, [kind, key])?.[0] as string | undefined) ?? null;
  }

  async readMarks(kind: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const values = new Map<string, string>();
    for (const key of keys) {
      const value = await this.readMark(kind, key);
      if (value !== null) values.set(key, value);
    }
    return values;
  }

  forgetMarks(kind: string, before: string): Promise<void> {
    return this.#store.writer.call('forgetMarks', { kind, before });
  }
}
