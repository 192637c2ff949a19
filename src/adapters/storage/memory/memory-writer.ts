import type { RecordWriter } from '#application/ports/record-writer.ts';
import { compileFilter } from '#domain/query/evaluate.ts';
import type { Change, ChangeResult, Mark, WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import type { WriteDraft } from '#domain/record/write-draft.ts';
import type { MemoryStore, StoredMark } from './memory-store.ts';

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

  async forgetMarks(kind: string, before: string): Promise<void> {
    this.#store.forgetMarks(kind, before);
  }

  #commitGroup(group: readonly WriteRequest[]): WriteOutcome[] {
    const draft = this.#store.draft();
    const marks: StoredMark[] = [];
    const outcomes = group.map((request): WriteOutcome => {
      const outcome = isSetBased(request) ? this.#deleteMatching(draft, request) : draft.apply(request);
      if (outcome.ok) marks.push(...request.marks.map((mark) => storedMark(mark, outcome.results)));
      return outcome;
    });
    this.#store.commit(draft, marks);
    return outcomes;
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

function isSetBased(request: WriteRequest): boolean {
  return request.changes.some((change) => change.kind === 'delete-matching');
}

/** Set-based requests stand alone, so that they see all before them; those that come between are one commit. */
function groupsOf(requests: readonly WriteRequest[]): WriteRequest[][] {
  const groups: WriteRequest[][] = [];
  let open: WriteRequest[] | null = null;
  for (const request of requests) {
    if (open !== null && !isSetBased(request)) {
      open.push(request);
    } else {
      const group = [request];
      groups.push(group);
      open = isSetBased(request) ? null : group;
    }
  }
  return groups;
}

function storedMark({ kind, key, value }: Mark, results: readonly ChangeResult[]): StoredMark {
  return { kind, key, value: typeof value === 'string' ? value : value(results) };
}
