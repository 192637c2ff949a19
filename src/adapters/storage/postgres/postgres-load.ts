import type { BulkCounts, BulkRequest } from '#application/ports/bulk-loader.ts';
import { conflictOf, type Rejections } from '#application/records/rejections.ts';
import { uploadIdentity } from '#domain/dataset/constraints.ts';
import type { ChangeResult, WriteOutcome } from '#domain/record/change.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { WriteDraft } from '#domain/record/write-draft.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import type { UploadedRow } from '#formats/rows/uploaded-row.ts';
import type { OpenCommit } from './postgres-commits.ts';
import { deleteOthers } from './postgres-delete-others.ts';
import { PostgresLookup } from './postgres-lookup.ts';
import { storeMutations } from './postgres-table.ts';

export type GoodRow = UploadedRow & { readonly ok: true };

interface WaitingRow {
  readonly row: GoodRow;
  readonly identity: string | null;
  readonly isSuperseded: boolean;
}

/** What a block of rows came to: for each row its outcome, null where a later row takes its place. */
type Made = readonly {
  readonly row: GoodRow;
  readonly identity: string | null;
  readonly outcome: WriteOutcome | null;
}[];

/** Puts the rows of one body into a commit, block by block, by the policies of its request. */
export class PostgresLoad {
  nextSeq: number;
  readonly #commit: OpenCommit;
  readonly #request: BulkRequest;
  readonly #rejected: Rejections;
  /** Of rows with an identity that comes again: how many are still to come. */
  readonly #toCome: Map<string, number>;
  readonly #counts = { created: 0, updated: 0, ignored: 0 };
  readonly #conflicts: { readonly line: number; readonly error: Error }[] = [];
  /** For each row sent, in order, the record that now stands, or the identity of the row that says so. */
  readonly #standing: ({ readonly id: string } | { readonly identity: string })[] = [];
  readonly #idOf = new Map<string, string>();
  readonly #records = new Map<string, string>();
  /** Ids of records that stood before and that a row left as they were. */
  readonly #kept: string[] = [];
  #deleted: number | null = null;
  readonly #render: (record: StoredRecord) => string;

  constructor(commit: OpenCommit, request: BulkRequest, rejected: Rejections, toCome: Map<string, number>) {
    this.#commit = commit;
    this.#request = request;
    this.#rejected = rejected;
    this.#toCome = toCome;
    this.nextSeq = commit.stamp.firstSeq;
    this.#render = recordRenderer(request.dataset, null);
  }

  async take(rows: readonly GoodRow[]): Promise<void> {
    const stamp = { ...this.#commit.stamp, firstSeq: this.nextSeq };
    const lookup = new PostgresLookup(this.#commit.connection, stamp);
    const waiting = this.#waitingOf(rows);
    const { draft, made } = await lookup.settle(() => {
      const open = new WriteDraft(lookup, stamp);
      return { draft: open, made: this.#make(open, waiting) };
    });
    for (const mutation of draft.mutations()) await storeMutations(this.#commit, mutation);
    this.nextSeq = draft.nextSeq;
    for (const each of made) this.#note(each);
  }

  /** Deletes what stood before and what no row means. */
  async removeOthers(): Promise<void> {
    this.#deleted = await deleteOthers(this.#commit, this.#request, this.nextSeq, this.#kept);
    this.nextSeq += this.#deleted;
  }

  /** @throws DataForgeError where a row cannot be stored and the policy is to abort */
  finish(): BulkCounts {
    for (const { line, error } of this.#conflicts) {
      const { faults, code } = conflictOf(error);
      this.#rejected.add(line, faults, code);
    }
    this.#rejected.throwIfAborting();
    const ids = this.#standing.map((row) => ('id' in row ? row.id : this.#idOf.get(row.identity)));
    const records = ids.flatMap((id) => (id === undefined ? [] : (this.#records.get(id) ?? [])));
    return {
      ...this.#counts,
      rejected: this.#rejected.count,
      ...(this.#deleted !== null && { deleted: this.#deleted }),
      rejections: this.#rejected.reported,
      recordsJson: this.#request.returnRecords ? Buffer.from(records.join(',')) : null,
    };
  }

  /** Which rows of a block have to wait for a later one with the same identity. */
  #waitingOf(rows: readonly GoodRow[]): readonly WaitingRow[] {
    return rows.map((row) => {
      const identity = this.#request.onConflict === 'update' ? uploadIdentity(this.#request.dataset, row) : null;
      const toCome = identity === null ? undefined : this.#toCome.get(identity);
      if (identity === null || toCome === undefined) return { row, identity: null, isSuperseded: false };
      this.#toCome.set(identity, toCome - 1);
      return { row, identity, isSuperseded: toCome > 1 };
    });
  }

  #make(draft: WriteDraft, rows: readonly WaitingRow[]): Made {
    const { dataset, onConflict, origin } = this.#request;
    return rows.map(({ row, identity, isSuperseded }) => {
      if (isSuperseded) return { row, identity, outcome: null };
      const change = { kind: 'create', dataset, row: row.row, id: row.id, onConflict } as const;
      return { row, identity, outcome: draft.apply({ changes: [change], marks: [], origin }) };
    });
  }

  #note({ row, identity, outcome }: Made[number]): void {
    const { returnRecords } = this.#request;
    if (identity !== null && returnRecords) this.#standing.push({ identity });
    if (outcome === null) {
      this.#counts.ignored++;
      return;
    }
    if (!outcome.ok) {
      this.#conflicts.push({ line: row.line, error: outcome.error });
      return;
    }
    const [result] = outcome.results as readonly [ChangeResult];
    if (result.kind === 'deleted') return;
    if (result.record.seq < this.#commit.stamp.firstSeq) this.#kept.push(result.record.id);
    this.#counts[result.kind === 'created' || result.kind === 'updated' ? result.kind : 'ignored']++;
    if (!returnRecords) return;
    const { record } = result;
    this.#records.set(record.id, this.#render(record));
    if (identity === null) this.#standing.push({ id: record.id });
    else this.#idOf.set(identity, record.id);
  }
}
