import { constraintValues, keyText, type UniqueConstraint, uniqueConstraints } from '../dataset/constraints.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Origin } from './change.ts';
import type { StoredRecord } from './record.ts';
import type { Row, Value } from './value.ts';

/** What the store holds now, as far as the requests of a draft can touch it. */
export interface StoredLookup {
  byId(dataset: Dataset, id: string): StoredRecord | null;
  /** @param key the values as `keyText` writes them */
  byKey(dataset: Dataset, constraint: UniqueConstraint, key: string, values: readonly Value[]): StoredRecord | null;
}

/** A former image of a row: true from its own `seq` up to `toSeq`. */
export interface FormerImage {
  readonly record: StoredRecord;
  readonly origin: Origin | null;
  readonly toSeq: number;
  readonly toOrigin: Origin;
  readonly deleted: boolean;
}

/** What a draft does to one dataset, net: each record stands in one of the first three lists at most once. */
export interface DatasetMutations {
  readonly dataset: Dataset;
  readonly inserts: { readonly record: StoredRecord; readonly origin: Origin }[];
  readonly updates: { readonly record: StoredRecord; readonly origin: Origin }[];
  readonly removals: string[];
  readonly images: FormerImage[];
}

/** A record, or the place of one, in the middle of a draft. */
export interface Entry {
  /** What lies in the store; null for none. */
  readonly stored: StoredRecord | null;
  /** What stands now; null for nothing. */
  readonly current: StoredRecord | null;
  /** Who made `current`; null where that was before the draft. */
  readonly origin: Origin | null;
}

type OwnEntry = { -readonly [K in keyof Entry]: Entry[K] };

/** What a step of a draft is about. */
export interface Step {
  readonly seq: number;
  readonly origin: Origin;
  /** Takes what takes the step back; to be run from its end. */
  readonly undo: (() => void)[];
}

/** A dataset in the middle of a draft: what the store holds, and over it what the draft has done so far. */
export class DatasetImage {
  readonly dataset: Dataset;
  readonly constraints: readonly UniqueConstraint[];
  readonly #lookup: StoredLookup;
  readonly #entries = new Map<string, OwnEntry>();
  /** By constraint: the id that holds a key now; null where it was freed here. */
  readonly #holders: readonly Map<string, string | null>[];
  readonly #images: FormerImage[] = [];

  constructor(dataset: Dataset, lookup: StoredLookup) {
    this.dataset = dataset;
    this.constraints = uniqueConstraints(dataset);
    this.#lookup = lookup;
    this.#holders = this.constraints.map(() => new Map());
  }

  entry(id: string): Entry {
    return this.#entries.get(id) ?? this.#add(id, this.#lookup.byId(this.dataset, id));
  }

  /** The place of an id that is made for this very commit, which nothing in the store can have. */
  entryOfNew(id: string): Entry {
    return this.#add(id, null);
  }

  /** Who holds the key of `row` now. */
  holder(constraint: UniqueConstraint, row: Row): Entry | null {
    const values = constraintValues(constraint, row);
    if (values === null) return null;
    const key = keyText(values);
    const here = this.#holders[this.constraints.indexOf(constraint)]?.get(key);
    if (here !== undefined) return here === null ? null : this.entry(here);
    const stored = this.#lookup.byKey(this.dataset, constraint, key, values);
    return stored === null ? null : this.entry(stored.id);
  }

  /** Makes `record` (null: nothing) what stands; the former image goes to history. */
  set(entry: Entry, record: StoredRecord | null, { seq, origin, undo }: Step): void {
    const own: OwnEntry = entry;
    const { current: before, origin: originBefore } = own;
    if (before !== null) {
      const deleted = record === null;
      this.#images.push({ record: before, origin: originBefore, toSeq: seq, toOrigin: origin, deleted });
      undo.push(() => this.#images.pop());
    }
    own.current = record;
    own.origin = origin;
    undo.push(() => {
      own.current = before;
      own.origin = originBefore;
    });
    this.constraints.forEach((constraint, at) => {
      if (before !== null) this.#hold(at, constraintValues(constraint, before.row), null, undo);
      if (record !== null) this.#hold(at, constraintValues(constraint, record.row), record.id, undo);
    });
  }

  mutations(): DatasetMutations {
    const result: DatasetMutations = {
      dataset: this.dataset,
      inserts: [],
      updates: [],
      removals: [],
      images: this.#images,
    };
    for (const [id, { stored, current, origin }] of this.#entries) {
      if (current === stored) continue;
      if (current === null) {
        if (stored !== null) result.removals.push(id);
      } else if (origin !== null) {
        (stored === null ? result.inserts : result.updates).push({ record: current, origin });
      }
    }
    return result;
  }

  #hold(at: number, values: readonly Value[] | null, id: string | null, undo: (() => void)[]): void {
    const holders = this.#holders[at];
    if (values === null || holders === undefined) return;
    const key = keyText(values);
    const known = holders.has(key);
    const before = holders.get(key) ?? null;
    holders.set(key, id);
    undo.push(() => {
      if (known) holders.set(key, before);
      else holders.delete(key);
    });
  }

  #add(id: string, stored: StoredRecord | null): OwnEntry {
    const entry: OwnEntry = { stored, current: stored, origin: null };
    this.#entries.set(id, entry);
    return entry;
  }
}
