import {
  constraintValues,
  describeKey,
  keyText,
  type UniqueConstraint,
  uniqueConstraints,
} from '../dataset/constraints.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { DataForgeError } from '../errors.ts';
import type { Change, ChangeResult, Origin, WriteOutcome, WriteRequest } from './change.ts';
import { idOf } from './id.ts';
import type { StoredRecord } from './record.ts';
import type { Row, Value } from './value.ts';

/** What the store holds now, as far as the requests of a draft can touch it. */
export interface StoredLookup {
  byId(dataset: Dataset, id: string): StoredRecord | null;
  /** @param key the values as `keyText` writes them */
  byKey(dataset: Dataset, constraint: UniqueConstraint, key: string, values: readonly Value[]): StoredRecord | null;
}

/** The numbers and the time of the commit that a draft becomes. */
export interface CommitStamp {
  readonly firstSeq: number;
  readonly at: string;
  readonly idPrefix: string;
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

interface Entry {
  /** What lies in the store; null for none. */
  readonly stored: StoredRecord | null;
  current: StoredRecord | null;
  /** Who made `current`; null where that was before this draft. */
  origin: Origin | null;
}

interface DatasetDraft {
  readonly dataset: Dataset;
  readonly constraints: readonly UniqueConstraint[];
  readonly entries: Map<string, Entry>;
  /** By constraint: the id that holds a key now; null where it was freed here. */
  readonly holders: Map<string, string | null>[];
  readonly images: FormerImage[];
}

type RecordChange = Exclude<Change, { kind: 'delete-matching' }>;

/**
 * Applies many write requests, one behind the other, to an image of the store in memory, so that each sees what those
 * before it did and one that cannot stand leaves no trace. An engine then stores the net result as one commit.
 * Shared by every engine: what a change means is decided here and nowhere else.
 */
export class WriteDraft {
  readonly #lookup: StoredLookup;
  readonly stamp: CommitStamp;
  readonly #datasets = new Map<string, DatasetDraft>();
  #undo: (() => void)[] = [];
  #nextSeq: number;

  constructor(lookup: StoredLookup, stamp: CommitStamp) {
    this.#lookup = lookup;
    this.stamp = stamp;
    this.#nextSeq = stamp.firstSeq;
  }

  /** The number after the last one used. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Applies one request wholly or not at all. */
  apply(request: WriteRequest): WriteOutcome {
    const seqBefore = this.#nextSeq;
    this.#undo = [];
    try {
      const results = request.changes.map((change) => this.#apply(change, request.origin));
      return { ok: true, results };
    } catch (error) {
      for (const undo of this.#undo.reverse()) undo();
      this.#nextSeq = seqBefore;
      return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  /** The net result, a dataset each. */
  mutations(): DatasetMutations[] {
    return [...this.#datasets.values()].map(({ dataset, entries, images }) => {
      const result: DatasetMutations = { dataset, inserts: [], updates: [], removals: [], images };
      for (const [id, { stored, current, origin }] of entries) {
        if (current === stored) continue;
        if (current === null) {
          if (stored !== null) result.removals.push(id);
        } else if (origin !== null) {
          (stored === null ? result.inserts : result.updates).push({ record: current, origin });
        }
      }
      return result;
    });
  }

  #apply(change: Change, origin: Origin): ChangeResult {
    if (change.kind === 'delete-matching') throw new TypeError('delete-matching is not drafted record by record');
    const draft = this.#draftOf(change.dataset);
    if (change.kind === 'create') return this.#create(draft, change, origin);
    const entry = this.#existing(draft, change);
    const current = entry.current as StoredRecord;
    if (change.kind === 'delete') {
      this.#set(draft, entry, null, origin);
      return { kind: 'deleted', count: 1 };
    }
    const row =
      change.kind === 'replace'
        ? change.row
        : current.row.map((value, index) => {
            const given = change.values.get(index);
            return given === undefined ? value : given;
          });
    return this.#replace(draft, entry, row, origin);
  }

  #create(draft: DatasetDraft, change: RecordChange & { kind: 'create' }, origin: Origin): ChangeResult {
    const holder = this.#conflicting(draft, change);
    if (holder !== null) {
      if (change.onConflict === 'ignore') return { kind: 'ignored', record: holder.current as StoredRecord };
      return this.#replace(draft, holder, change.row, origin);
    }
    const seq = this.#nextSeq;
    const id = change.id ?? idOf(this.stamp.idPrefix, seq);
    const { at } = this.stamp;
    const record: StoredRecord = { id, row: change.row, createdAt: at, updatedAt: at, version: 1, seq };
    this.#refuseTakenKeys(draft, change.row, null);
    // Nothing can have an id yet that is made for this commit.
    const entry = change.id === null ? addEntry(draft, id, null) : this.#entry(draft, id);
    this.#set(draft, entry, record, origin);
    return { kind: 'created', record };
  }

  /** The record that the conflict policy is about, by id or by natural key; null where the new one is free to be made. */
  #conflicting(draft: DatasetDraft, change: RecordChange & { kind: 'create' }): Entry | null {
    const byId = change.id === null ? null : this.#entry(draft, change.id);
    const key = draft.constraints.find((constraint) => constraint.kind === 'key');
    const byKey = key === undefined ? null : this.#holder(draft, key, change.row);
    const idTaken = byId?.current ? byId : null;
    if (idTaken === null && byKey === null) return null;
    if (change.onConflict === 'error' || (idTaken !== null && byKey !== null && idTaken !== byKey)) {
      throw idTaken !== null
        ? idExists(draft.dataset, change.id as string)
        : keyExists(draft.dataset, key as UniqueConstraint, change.row);
    }
    return idTaken ?? byKey;
  }

  #replace(draft: DatasetDraft, entry: Entry, row: Row, origin: Origin): ChangeResult {
    const current = entry.current as StoredRecord;
    const key = draft.constraints.find((constraint) => constraint.kind === 'key');
    for (const index of key?.indexes ?? []) {
      if (row[index] !== current.row[index]) throw keyChanged(draft.dataset, index);
    }
    if (row.every((value, index) => value === current.row[index])) return { kind: 'unchanged', record: current };
    this.#refuseTakenKeys(draft, row, current.id);
    const record: StoredRecord = {
      id: current.id,
      row,
      createdAt: current.createdAt,
      updatedAt: this.stamp.at,
      version: current.version + 1,
      seq: this.#nextSeq,
    };
    this.#set(draft, entry, record, origin);
    return { kind: 'updated', record };
  }

  #existing(draft: DatasetDraft, change: RecordChange & { kind: 'patch' | 'replace' | 'delete' }): Entry {
    const entry = this.#entry(draft, change.id);
    if (entry.current === null) {
      throw new DataForgeError(
        'unknown_record',
        `Dataset "${draft.dataset.name}" has no record with the id ${change.id}.`,
      );
    }
    if (change.ifVersion !== null && entry.current.version !== change.ifVersion) {
      throw new DataForgeError(
        'version_moved',
        `The record is at version ${entry.current.version}, not ${change.ifVersion}; read it again and repeat the change.`,
        { details: { version: entry.current.version } },
      );
    }
    return entry;
  }

  /** Takes the next number and makes `record` (null: nothing) what stands; the former image goes to history. */
  #set(draft: DatasetDraft, entry: Entry, record: StoredRecord | null, origin: Origin): void {
    const { current: before, origin: originBefore } = entry;
    const seq = this.#nextSeq++;
    if (before !== null) {
      draft.images.push({
        record: before,
        origin: originBefore,
        toSeq: seq,
        toOrigin: origin,
        deleted: record === null,
      });
      this.#undo.push(() => draft.images.pop());
    }
    entry.current = record;
    entry.origin = origin;
    this.#undo.push(() => {
      entry.current = before;
      entry.origin = originBefore;
    });
    draft.constraints.forEach((constraint, at) => {
      if (before !== null) this.#hold(draft, at, constraint, before.row, null);
      if (record !== null) this.#hold(draft, at, constraint, record.row, record.id);
    });
  }

  #hold(draft: DatasetDraft, at: number, constraint: UniqueConstraint, row: Row, id: string | null): void {
    const values = constraintValues(constraint, row);
    const holders = draft.holders[at];
    if (values === null || holders === undefined) return;
    const key = keyText(values);
    const known = holders.has(key);
    const before = holders.get(key) ?? null;
    holders.set(key, id);
    this.#undo.push(() => {
      if (known) holders.set(key, before);
      else holders.delete(key);
    });
  }

  #refuseTakenKeys(draft: DatasetDraft, row: Row, except: string | null): void {
    for (const constraint of draft.constraints) {
      const holder = this.#holder(draft, constraint, row);
      if (holder !== null && holder.current?.id !== except) throw keyExists(draft.dataset, constraint, row);
    }
  }

  /** Who holds the key of `row` now. */
  #holder(draft: DatasetDraft, constraint: UniqueConstraint, row: Row): Entry | null {
    const values = constraintValues(constraint, row);
    if (values === null) return null;
    const key = keyText(values);
    const holders = draft.holders[draft.constraints.indexOf(constraint)];
    const here = holders?.get(key);
    if (here !== undefined) return here === null ? null : this.#entry(draft, here);
    const stored = this.#lookup.byKey(draft.dataset, constraint, key, values);
    return stored === null ? null : this.#entry(draft, stored.id);
  }

  #entry(draft: DatasetDraft, id: string): Entry {
    return draft.entries.get(id) ?? addEntry(draft, id, this.#lookup.byId(draft.dataset, id));
  }

  #draftOf(dataset: Dataset): DatasetDraft {
    const known = this.#datasets.get(dataset.name);
    if (known !== undefined) return known;
    const constraints = uniqueConstraints(dataset);
    const draft: DatasetDraft = {
      dataset,
      constraints,
      entries: new Map(),
      holders: constraints.map(() => new Map()),
      images: [],
    };
    this.#datasets.set(dataset.name, draft);
    return draft;
  }
}

function addEntry({ entries }: DatasetDraft, id: string, stored: StoredRecord | null): Entry {
  const entry: Entry = { stored, current: stored, origin: null };
  entries.set(id, entry);
  return entry;
}

function idExists(dataset: Dataset, id: string): DataForgeError {
  return new DataForgeError('key_exists', `Dataset "${dataset.name}" has a record with the id ${id} already.`);
}

function keyExists(dataset: Dataset, constraint: UniqueConstraint, row: Row): DataForgeError {
  const values = constraintValues(constraint, row) ?? [];
  return new DataForgeError(
    'key_exists',
    `Dataset "${dataset.name}" has a record with ${describeKey(dataset, constraint, values)} already.`,
  );
}

function keyChanged(dataset: Dataset, index: number): DataForgeError {
  const name = dataset.properties[index]?.name ?? '';
  const message = `${name} belongs to the key and cannot be changed; delete the record and create another.`;
  return new DataForgeError('invalid_value', message, { faults: [{ pointer: `/data/${name}`, message }] });
}
