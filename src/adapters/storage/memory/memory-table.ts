import { constraintValues, keyText, type UniqueConstraint, uniqueConstraints } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Origin } from '#domain/record/change.ts';
import type { DatasetMutations, FormerImage } from '#domain/record/dataset-image.ts';
import type { ChangeImages, StoredRecord } from '#domain/record/record.ts';
import { compareValues } from '#domain/record/value-rules.ts';
import type { ChangeFacts } from '#formats/json/render-change.ts';

/** A former image, with what the feed and reads of the past ask for. */
export interface HistoryEntry {
  readonly record: StoredRecord;
  readonly toSeq: number;
  readonly toAt: string;
  readonly deleted: boolean;
}

/** The rows of one dataset, current and former. Records are never changed in place, so a copied list is a snapshot. */
export class MemoryTable {
  readonly dataset: Dataset;
  readonly #rows = new Map<string, StoredRecord>();
  #history: HistoryEntry[] = [];
  /** Every change, by ascending number. */
  #log: ChangeFacts[] = [];
  #trimmedTo = 0;
  /** The number of the newest change of each record that ever was. */
  readonly #newest = new Map<string, number>();
  /** Who made the change of a number. */
  readonly #makers = new Map<number, number>();
  readonly #holders = new Map<string, Map<string, string>>();
  readonly #constraints: readonly UniqueConstraint[];

  constructor(dataset: Dataset) {
    this.dataset = dataset;
    this.#constraints = uniqueConstraints(dataset);
    for (const constraint of this.#constraints) this.#holders.set(nameOf(constraint), new Map());
  }

  get size(): number {
    return this.#rows.size;
  }

  /** The rows that stand now or, for a sequence number, that stood then; in storage order. */
  records(at: number | null): StoredRecord[] {
    if (at === null) return [...this.#rows.values()];
    const current = this.#rows.values().filter((record) => record.seq <= at);
    const former = this.#history.filter(({ record, toSeq }) => record.seq <= at && at < toSeq);
    return [...current, ...former.map(({ record }) => record)];
  }

  get(id: string): StoredRecord | null {
    return this.#rows.get(id) ?? null;
  }

  /** The record that holds a key, as `keyText` writes it. */
  holder(constraint: UniqueConstraint, key: string): StoredRecord | null {
    const id = this.#holders.get(nameOf(constraint))?.get(key);
    return id === undefined ? null : this.get(id);
  }

  get history(): readonly HistoryEntry[] {
    return this.#history;
  }

  get log(): readonly ChangeFacts[] {
    return this.#log;
  }

  /** The highest number of a change that was forgotten. */
  get trimmedTo(): number {
    return this.#trimmedTo;
  }

  /** Forgets what ceased to be true before a canonical timestamp. */
  trim(before: string): void {
    const ended = new Map<string, ChangeFacts>();
    const kept: ChangeFacts[] = [];
    const forgotten = new Set<number>();
    for (const change of this.#log.toReversed()) {
      const end = change.operation === 'delete' ? change : ended.get(change.id);
      ended.set(change.id, change);
      if (end === undefined || !isBefore(end.changedAt, before)) {
        kept.push(change);
        continue;
      }
      forgotten.add(change.seq);
      this.#trimmedTo = Math.max(this.#trimmedTo, change.seq);
    }
    this.#log = kept.reverse();
    this.#history = this.#history.filter(({ record }) => !forgotten.has(record.seq));
  }

  /** The record on either side of a change. */
  imagesOf(change: ChangeFacts): ChangeImages {
    const current = this.#rows.get(change.id);
    const former = this.#history.filter(({ record }) => record.id === change.id);
    const before = former.find(({ toSeq }) => toSeq === change.seq)?.record ?? null;
    const after =
      current?.seq === change.seq ? current : former.find(({ record }) => record.seq === change.seq)?.record;
    return { before, after: after ?? null };
  }

  /** Whether a change is the newest of its record. */
  isNewest(change: ChangeFacts): boolean {
    return this.#newest.get(change.id) === change.seq;
  }

  /** Makes the net result of a commit what stands. */
  store(
    { inserts, updates, removals, images }: DatasetMutations,
    firstSeq: number,
    at: string,
    originId: (origin: Origin) => number,
  ): void {
    const changes: ChangeFacts[] = [];
    for (const id of removals) this.#remove(id);
    for (const { record } of updates) this.#remove(record.id, record);
    for (const { record, origin } of [...updates, ...inserts]) {
      this.#put(record);
      this.#makers.set(record.seq, originId(origin));
      changes.push(factsOf(record));
    }
    for (const image of images) {
      const { record, origin, toSeq, toOrigin, deleted } = image;
      this.#history.push({ record, toSeq, toAt: at, deleted });
      this.#makers.set(toSeq, originId(toOrigin));
      if (origin !== null) this.#makers.set(record.seq, originId(origin));
      if (image.record.seq >= firstSeq) changes.push(factsOf(image.record));
      if (image.deleted) changes.push(deletionOf(image, at));
    }
    changes.sort((a, b) => a.seq - b.seq);
    for (const change of changes) {
      this.#log.push(change);
      this.#newest.set(change.id, change.seq);
    }
  }

  /** The number of the origin that made the change of a number. */
  makerOf(seq: number): number {
    return this.#makers.get(seq) ?? 0;
  }

  /** Takes over rows of another store, by ascending number; the feed is made of them by `settle`. */
  adopt(record: StoredRecord, maker: number): void {
    this.#put(record);
    this.#makers.set(record.seq, maker);
  }

  adoptFormer(entry: HistoryEntry, maker: number, toMaker: number): void {
    this.#history.push(entry);
    this.#makers.set(entry.record.seq, maker);
    this.#makers.set(entry.toSeq, toMaker);
  }

  /** Makes the feed of the rows that were taken over. */
  settle(trimmedTo: number): void {
    this.#trimmedTo = trimmedTo;
    const former = this.#history.flatMap((entry) => [
      factsOf(entry.record),
      ...(entry.deleted ? [deletionOf(entry, entry.toAt)] : []),
    ]);
    this.#log = [...this.records(null).map(factsOf), ...former].sort((a, b) => a.seq - b.seq);
    for (const change of this.#log) this.#newest.set(change.id, change.seq);
  }

  /** The same rows under another description of the dataset; `convert` gives a row its new shape. */
  reshaped(dataset: Dataset, convert: (row: StoredRecord['row']) => StoredRecord['row']): MemoryTable {
    const table = new MemoryTable(dataset);
    table.#trimmedTo = this.#trimmedTo;
    const reshape = (record: StoredRecord): StoredRecord => ({ ...record, row: convert(record.row) });
    for (const record of this.#rows.values()) table.#put(reshape(record));
    for (const entry of this.#history) table.#history.push({ ...entry, record: reshape(entry.record) });
    for (const [seq, maker] of this.#makers) table.#makers.set(seq, maker);
    for (const change of this.#log)
      table.#log.push({ ...change, row: change.row === null ? null : convert(change.row) });
    for (const [id, seq] of this.#newest) table.#newest.set(id, seq);
    return table;
  }

  /** Frees what a record holds; with `next` its place is kept for the image that follows. */
  #remove(id: string, next?: StoredRecord): void {
    const record = this.#rows.get(id);
    if (record === undefined) return;
    for (const [holders, key] of this.#keysOf(record)) if (holders.get(key) === id) holders.delete(key);
    if (next === undefined) this.#rows.delete(id);
  }

  #put(record: StoredRecord): void {
    this.#rows.set(record.id, record);
    for (const [holders, key] of this.#keysOf(record)) holders.set(key, record.id);
  }

  #keysOf(record: StoredRecord): [Map<string, string>, string][] {
    return this.#constraints.flatMap((constraint): [Map<string, string>, string][] => {
      const values = constraintValues(constraint, record.row);
      const holders = this.#holders.get(nameOf(constraint));
      return values === null || holders === undefined ? [] : [[holders, keyText(values)]];
    });
  }
}

function nameOf(constraint: UniqueConstraint): string {
  return `${constraint.kind}:${constraint.indexes.join()}`;
}

function factsOf(record: StoredRecord): ChangeFacts {
  return {
    seq: record.seq,
    operation: record.version === 1 ? 'create' : 'update',
    id: record.id,
    version: record.version,
    changedAt: record.updatedAt,
    row: record.row,
  };
}

/** A delete is the version behind the last one that had a row. */
function deletionOf({ record, toSeq }: Pick<FormerImage, 'record' | 'toSeq'>, at: string): ChangeFacts {
  return { seq: toSeq, operation: 'delete', id: record.id, version: record.version + 1, changedAt: at, row: null };
}

function isBefore(a: string, b: string): boolean {
  return compareValues({ name: 'TIMESTAMP' }, a, b) < 0;
}
