import type { RecordWriter } from '#application/ports/record-writer.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Change, WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import type { DatasetMutations } from '#domain/record/dataset-image.ts';
import { WriteDraft } from '#domain/record/write-draft.ts';
import { collectMarks, groupsOf, isSetBased } from '#domain/record/write-groups.ts';
import { deleteMatching } from './duckdb-delete-matching.ts';
import { indexesOf } from './duckdb-layout.ts';
import { lookUpStored } from './duckdb-lookup.ts';
import { guardMarks, insertUnlessTaken, storeMutations, writeMarks } from './duckdb-mutations.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Small writes on DuckDB: many requests, one transaction. */
export class DuckDbWriter implements RecordWriter {
  readonly #store: DuckDbStore;

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  commit(requests: readonly WriteRequest[]): Promise<readonly WriteOutcome[]> {
    return this.#store.commitLock.hold(async () => {
      const outcomes: WriteOutcome[] = [];
      for (const group of groupsOf(requests)) outcomes.push(...(await this.#commitGroup(group)));
      return outcomes;
    });
  }

  async readMark(kind: string, key: string): Promise<string | null> {
    const rows = await this.#store.withSession((session) =>
      session.rows('SELECT value FROM forge.marks WHERE kind = $1 AND key = $2', [kind, key]),
    );
    return (rows[0]?.[0] as string | undefined) ?? null;
  }

  async readMarks(kind: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (keys.length === 0) return new Map();
    const places = keys.map((_, at) => `$${at + 2}`).join(', ');
    const sql = `SELECT key, value FROM forge.marks WHERE kind = $1 AND key IN (${places})`;
    const rows = await this.#store.withSession((session) => session.rows(sql, [kind, ...keys]));
    return new Map(rows as [string, string][]);
  }

  forgetMarks(kind: string, before: string): Promise<void> {
    return this.#store.commitLock.hold(() =>
      this.#store.writer.run('DELETE FROM forge.marks WHERE kind = $1 AND made_at < $2::TIMESTAMP', [kind, before]),
    );
  }

  async #commitGroup(group: readonly WriteRequest[]): Promise<WriteOutcome[]> {
    const [first] = group;
    if (first === undefined) return [];
    if (first.guards !== undefined) {
      const error = await guardMarks(this.#store.writer, first.guards).then(
        () => null,
        (thrown: Error) => thrown,
      );
      if (error !== null) return [{ ok: false, error }];
    }
    if (isSetBased(first)) return [await this.#deleteMatching(first)];
    if (this.#store.sequence.room < changesOf(group)) {
      throw new DataForgeError('unavailable', 'A long load holds the next numbers; send the request again later.', {
        retryable: true,
      });
    }
    const quick = await this.#tryCreates(group);
    return quick ?? this.#draftAndStore(group);
  }

  /**
   * The common case with no look-up before it: creates that nothing in the store can be in the way of, or that the
   * engine's indexes turn away. Null where a conflict shows, or the requests are of another kind; nothing is stored then.
   */
  async #tryCreates(group: readonly WriteRequest[]): Promise<WriteOutcome[] | null> {
    if (!group.every((request) => request.changes.every(isPlainCreate))) return null;
    const nothing = { byId: () => null, byKey: () => null };
    const draft = new WriteDraft(nothing, this.#store.stamp(this.#store.sequence.next));
    const outcomes = group.map((request) => draft.apply(request));
    if (outcomes.some((outcome) => !outcome.ok)) return null;
    const mutations = draft.mutations();
    const marks = collectMarks(group, outcomes);
    const store = async () => {
      for (const mutation of mutations) {
        if (!(await insertUnlessTaken(this.#store, mutation))) throw new KeyTaken();
      }
      await writeMarks(this.#store.writer, marks, draft.stamp.at);
    };
    const oneStatement = mutations.length === 1 && marks.length === 0 && mutations.every(isUnguarded);
    try {
      if (oneStatement) await store();
      else await this.#store.writer.transaction(store);
    } catch (error) {
      if (error instanceof KeyTaken) return null;
      throw error;
    }
    this.#store.committed(draft.nextSeq - 1, new Set(mutations.map(({ dataset }) => dataset.name)));
    return outcomes;
  }

  async #draftAndStore(group: readonly WriteRequest[]): Promise<WriteOutcome[]> {
    const lookup = await lookUpStored(this.#store.writer, this.#store.finder, group);
    const draft = new WriteDraft(lookup, this.#store.stamp(this.#store.sequence.next));
    const outcomes = group.map((request) => draft.apply(request));
    const mutations = draft.mutations();
    const marks = collectMarks(group, outcomes);
    if (draft.nextSeq === draft.stamp.firstSeq && marks.length === 0) return outcomes;
    await this.#store.writer.transaction(async () => {
      for (const mutation of mutations) await storeMutations(this.#store, mutation, draft.stamp.at, lookup);
      await writeMarks(this.#store.writer, marks, draft.stamp.at);
    });
    this.#store.committed(draft.nextSeq - 1, new Set(mutations.map(({ dataset }) => dataset.name)));
    return outcomes;
  }

  async #deleteMatching(request: WriteRequest): Promise<WriteOutcome> {
    try {
      return { ok: true, results: await deleteMatching(this.#store, request) };
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }
}

/** Rolls back a transaction of plain creates, to go the longer way. */
class KeyTaken extends Error {}

function isUnguarded({ dataset }: DatasetMutations): boolean {
  return !indexesOf(dataset).some((index) => index.unique);
}

function isPlainCreate(change: Change): boolean {
  return change.kind === 'create' && change.id === null && change.onConflict === 'error';
}

function changesOf(requests: readonly WriteRequest[]): number {
  return requests.reduce((sum, request) => sum + request.changes.length, 0);
}
