import type { RecordWriter } from '#application/ports/record-writer.ts';
import { compileFilter } from '#domain/query/evaluate.ts';
import type { Change, ChangeResult, WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import type { WriteDraft } from '#domain/record/write-draft.ts';
import { collectMarks, groupsOf, isSetBased } from '#domain/record/write-groups.ts';
import type { MemoryStore } from './memory-store.ts';

/** Small writes in memory: what they mean is the draft's to decide. */
export class MemoryWriter implements RecordWriter {
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async commit(requests: readonly WriteRequest[]): Promise<readonly WriteOutcome[]> {
    const outcomes: WriteOutcome[] = [];
    for (const group of groupsOf(requests)) outcomes.push(...this.#commitGroup(group));
    return outcomes;
  }

  async readMark(kind: string, key: string): Promise<string | null> {
    return this.#store.mark(kind, key);
  }

  async readMarks(kind: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = keys.map((key) => [key, this.#store.mark(kind, key)] as const);
    return new Map(found.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
  }

  async forgetMarks(kind: string, before: string): Promise<void> {
    this.#store.forgetMarks(kind, before);
  }

  #commitGroup(group: readonly WriteRequest[]): WriteOutcome[] {
    const draft = this.#store.draft();
    const outcomes = group.map((request) => this.#apply(draft, request));
    this.#store.commit(draft, collectMarks(group, outcomes));
    return outcomes;
  }

  #apply(draft: WriteDraft, request: WriteRequest): WriteOutcome {
    try {
      this.#store.checkGuards(request.guards);
    } catch (error) {
      return { ok: false, error: error as Error };
    }
    return isSetBased(request) ? this.#deleteMatching(draft, request) : draft.apply(request);
  }

  #deleteMatching(draft: WriteDraft, request: WriteRequest): WriteOutcome {
    const deletes = request.changes.map((change) => this.#deletesOf(change));
    const outcome = draft.apply({ ...request, changes: deletes.flat() });
    if (!outcome.ok) return outcome;
    return { ok: true, results: deletes.map((changes): ChangeResult => ({ kind: 'deleted', count: changes.length })) };
  }

  #deletesOf(change: Change): Change[] {
    if (change.kind !== 'delete-matching') {
      throw new TypeError('a request that deletes by a filter can do nothing else');
    }
    const { dataset, filter } = change;
    const condition = filter === null ? () => true : compileFilter(filter);
    const matching = this.#store
      .table(dataset)
      .records(null)
      .filter((record) => condition(record) === true);
    matching.sort((a, b) => a.seq - b.seq);
    return matching.map(({ id }) => ({ kind: 'delete', dataset, id, ifVersion: null }));
  }
}
