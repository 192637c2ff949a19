import { randomInt } from 'node:crypto';
import type { DatedMark, NumberedOrigin } from '#application/ports/store-transfer.ts';
import { keyText, uniqueConstraints } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { MarkGuard, Origin } from '#domain/record/change.ts';
import { CommitClock } from '#domain/record/commit-clock.ts';
import type { StoredLookup } from '#domain/record/dataset-image.ts';
import { idPrefix } from '#domain/record/id.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import { type CommitStamp, WriteDraft } from '#domain/record/write-draft.ts';
import { checkGuards, type StoredMark } from '#domain/record/write-groups.ts';
import type { MemoryTable } from './memory-table.ts';

type CommitListener = (head: number, datasets: ReadonlySet<string>) => void;

/** All that one store holds. Commits happen between two turns of the event loop, so no reader sees half of one. */
export class MemoryStore {
  readonly #tables = new Map<string, MemoryTable>();
  readonly #marks = new Map<string, Map<string, { readonly value: string; readonly at: string }>>();
  readonly #origins = new Map<string, NumberedOrigin>();
  readonly #listeners = new Set<CommitListener>();
  readonly #clock: CommitClock;
  #head = 0;

  constructor(now: () => number) {
    this.#clock = new CommitClock(now);
  }

  get head(): number {
    return this.#head;
  }

  get tables(): readonly MemoryTable[] {
    return [...this.#tables.values()];
  }

  /** @throws DataForgeError `unknown_dataset` */
  table(dataset: Dataset): MemoryTable {
    const table = this.#tables.get(dataset.name);
    if (table === undefined) {
      throw new DataForgeError('unknown_dataset', `The store has no dataset "${dataset.name}".`);
    }
    return table;
  }

  setTable(table: MemoryTable): void {
    this.#tables.set(table.dataset.name, table);
  }

  /** The record with a natural key. */
  byKey(dataset: Dataset, values: readonly Value[]): StoredRecord | null {
    const key = uniqueConstraints(dataset).find((constraint) => constraint.kind === 'key');
    return key === undefined ? null : this.table(dataset).holder(key, keyText(values));
  }

  /** Opens the draft of the next commit; nothing shows before `commit`. */
  draft(): WriteDraft {
    const { at, milliseconds } = this.#clock.next();
    const stamp: CommitStamp = { firstSeq: this.#head + 1, at, idPrefix: idPrefix(milliseconds, randomInt(2 ** 26)) };
    const lookup: StoredLookup = {
      byId: (dataset, id) => this.table(dataset).get(id),
      byKey: (dataset, constraint, key) => this.table(dataset).holder(constraint, key),
    };
    return new WriteDraft(lookup, stamp);
  }

  /** Makes a draft and its marks visible at once. */
  commit(draft: WriteDraft, marks: readonly StoredMark[]): void {
    const { firstSeq, at } = draft.stamp;
    const touched = new Set<string>();
    for (const mutations of draft.mutations()) {
      this.table(mutations.dataset).store(mutations, firstSeq, at, (origin) => this.#originId(origin));
      touched.add(mutations.dataset.name);
    }
    for (const mark of marks) this.#setMark(mark, at);
    if (draft.nextSeq === firstSeq) return;
    this.#head = draft.nextSeq - 1;
    for (const listener of this.#listeners) listener(this.#head, touched);
  }

  get origins(): readonly NumberedOrigin[] {
    return [...this.#origins.values()];
  }

  /** All marks, with the times of their commits. */
  get marks(): readonly DatedMark[] {
    return [...this.#marks].flatMap(([kind, marks]) =>
      [...marks].map(([key, { value, at }]) => ({ kind, key, value, madeAt: at })),
    );
  }

  /** Takes over what belongs to no table of another store. */
  adopt(head: number, origins: readonly NumberedOrigin[]): void {
    this.#head = head;
    for (const origin of origins) this.#origins.set(nameOf(origin), origin);
  }

  adoptMark({ madeAt, ...mark }: DatedMark): void {
    this.#setMark(mark, madeAt);
  }

  mark(kind: string, key: string): string | null {
    return this.#marks.get(kind)?.get(key)?.value ?? null;
  }

  /** @throws DataForgeError `version_moved` */
  checkGuards(guards: readonly MarkGuard[] = []): void {
    checkGuards(
      guards,
      guards.map(({ kind, key }) => this.mark(kind, key)),
    );
  }

  forgetMarks(kind: string, before: string): void {
    const marks = this.#marks.get(kind);
    for (const [key, { at }] of marks ?? []) if (isEarlier(at, before)) marks?.delete(key);
  }

  subscribe(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #originId(origin: Origin): number {
    const name = nameOf(origin);
    const known = this.#origins.get(name);
    if (known !== undefined) return known.id;
    const id = Math.max(0, ...this.origins.map((each) => each.id)) + 1;
    this.#origins.set(name, { ...origin, id });
    return id;
  }

  #setMark({ kind, key, value }: StoredMark, at: string): void {
    const marks = this.#marks.get(kind) ?? new Map();
    this.#marks.set(kind, marks.set(key, { value, at }));
  }
}

function nameOf({ caller, run }: Origin): string {
  return JSON.stringify([caller, run]);
}

function isEarlier(a: string, b: string): boolean {
  return a.replace('Z', '') < b.replace('Z', '');
}
