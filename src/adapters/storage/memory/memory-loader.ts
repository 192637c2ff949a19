import type { BulkCounts, BulkLoader, BulkRequest } from '#application/ports/bulk-loader.ts';
import { conflictOf, Rejections } from '#application/records/rejections.ts';
import { uploadIdentity } from '#domain/dataset/constraints.ts';
import type { Change } from '#domain/record/change.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import type { WriteDraft } from '#domain/record/write-draft.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import { type RowLimits, readRows } from '#formats/rows/read-rows.ts';
import type { UploadedRow } from '#formats/rows/uploaded-row.ts';
import { abortable, throwIfAborted } from '../shared/abort.ts';
import type { MemoryStore } from './memory-store.ts';

type GoodRow = UploadedRow & { ok: true };

/** Loads a whole body as one commit: read and checked first, then stored in one turn of the event loop. */
export class MemoryLoader implements BulkLoader {
  readonly #store: MemoryStore;
  readonly #compilePattern: CompilePattern;
  readonly #limits: RowLimits;

  constructor(store: MemoryStore, compilePattern: CompilePattern, limits: RowLimits) {
    this.#store = store;
    this.#compilePattern = compilePattern;
    this.#limits = limits;
  }

  async load(request: BulkRequest): Promise<BulkCounts> {
    this.#store.table(request.dataset);
    const rejected = new Rejections(request.onInvalid);
    const rows = await this.#readAll(request, rejected);
    throwIfAborted(request.signal);
    this.#store.checkGuards(request.guards);
    const draft = this.#store.draft();
    const load = new Load(request, draft, rejected);
    load.store(rows);
    if (request.removesOthers) load.removeOthers(this.#store.table(request.dataset).records(null));
    const counts = load.counts();
    const marks = request.marks.map(({ kind, key, value }) => ({ kind, key, value: value(counts) }));
    this.#store.commit(draft, marks);
    return counts;
  }

  async #readAll({ dataset, format, body, signal }: BulkRequest, rejected: Rejections): Promise<GoodRow[]> {
    const validator = compileRowValidator(dataset, this.#compilePattern);
    const rows: GoodRow[] = [];
    for await (const block of readRows(abortable(body, signal), format, validator, this.#limits)) {
      for (const row of block) {
        if (row.ok) rows.push(row);
        else rejected.add(row.line, row.faults, row.garbled ? 'invalid_body' : 'invalid_value');
      }
      if (rejected.isFull) break;
    }
    rejected.throwIfAborting();
    return rows;
  }
}

/** Puts the rows of one body into a draft, by the policies of its request. */
class Load {
  readonly #request: BulkRequest;
  readonly #draft: WriteDraft;
  readonly #rejected: Rejections;
  readonly #counts = { created: 0, updated: 0, ignored: 0 };
  /** For each row sent, in order, the id of the record that now stands, once all were gone through; null for none. */
  readonly #standing: (() => string | null)[] = [];
  readonly #records = new Map<string, string>();
  /** Ids of the records that the rows mean. */
  readonly #brought = new Set<string>();
  #deleted: number | null = null;

  constructor(request: BulkRequest, draft: WriteDraft, rejected: Rejections) {
    this.#request = request;
    this.#draft = draft;
    this.#rejected = rejected;
  }

  store(rows: readonly GoodRow[]): void {
    const { dataset, onConflict } = this.#request;
    const identities = rows.map((row) => uploadIdentity(dataset, row));
    const lastOf = new Map(identities.map((identity, at) => [identity, at]));
    const idOf = new Map<string, string>();
    rows.forEach((row, at) => {
      const identity = identities[at] ?? null;
      if (onConflict === 'update' && identity !== null && lastOf.get(identity) !== at) {
        this.#counts.ignored++;
        this.#standing.push(() => idOf.get(identity) ?? null);
        return;
      }
      const id = this.#create(row);
      if (id !== null && identity !== null) idOf.set(identity, id);
      this.#standing.push(() => id);
    });
    this.#rejected.throwIfAborting();
  }

  /** Deletes those of the records that stood before which no row means. */
  removeOthers(before: readonly StoredRecord[]): void {
    const { dataset, origin } = this.#request;
    const others = before.filter(({ id }) => !this.#brought.has(id)).sort((a, b) => a.seq - b.seq);
    const changes = others.map(({ id }): Change => ({ kind: 'delete', dataset, id, ifVersion: null }));
    this.#draft.apply({ changes, marks: [], origin });
    this.#deleted = changes.length;
  }

  counts(): BulkCounts {
    const ids = this.#standing.map((idOf) => idOf());
    const records = ids.flatMap((id) => (id === null ? [] : (this.#records.get(id) ?? [])));
    return {
      ...this.#counts,
      rejected: this.#rejected.count,
      ...(this.#deleted !== null && { deleted: this.#deleted }),
      rejections: this.#rejected.reported,
      recordsJson: this.#request.returnRecords ? Buffer.from(records.join(',')) : null,
    };
  }

  /** @returns the id of the record that stands, null where the row was rejected */
  #create({ line, row, id }: GoodRow): string | null {
    const { dataset, onConflict, origin, returnRecords } = this.#request;
    const outcome = this.#draft.apply({
      changes: [{ kind: 'create', dataset, row, id, onConflict }],
      marks: [],
      origin,
    });
    if (!outcome.ok) {
      this.#reject(line, outcome.error);
      return null;
    }
    const [result] = outcome.results;
    if (result === undefined || result.kind === 'deleted') return null;
    this.#brought.add(result.record.id);
    this.#counts[result.kind === 'created' || result.kind === 'updated' ? result.kind : 'ignored']++;
    if (returnRecords) this.#records.set(result.record.id, recordRenderer(dataset, null)(result.record));
    return result.record.id;
  }

  #reject(line: number, error: Error): void {
    const { faults, code } = conflictOf(error);
    this.#rejected.add(line, faults, code);
  }
}
