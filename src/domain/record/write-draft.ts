import { constraintValues, describeKey, type UniqueConstraint } from '../dataset/constraints.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { DataForgeError } from '../errors.ts';
import type { Change, ChangeResult, Origin, WriteOutcome, WriteRequest } from './change.ts';
import { DatasetImage, type DatasetMutations, type Entry, type StoredLookup } from './dataset-image.ts';
import { idOf } from './id.ts';
import type { StoredRecord } from './record.ts';
import type { Row } from './value.ts';

/** The numbers and the time of the commit that a draft becomes. */
export interface CommitStamp {
  readonly firstSeq: number;
  readonly at: string;
  readonly idPrefix: string;
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
  readonly #images = new Map<string, DatasetImage>();
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
    return [...this.#images.values()].map((image) => image.mutations());
  }

  #apply(change: Change, origin: Origin): ChangeResult {
    if (change.kind === 'delete-matching') throw new TypeError('delete-matching is not drafted record by record');
    const image = this.#imageOf(change.dataset);
    if (change.kind === 'create') return this.#create(image, change, origin);
    const entry = existing(image, change);
    const current = entry.current as StoredRecord;
    if (change.kind === 'delete') {
      this.#set(image, entry, null, origin);
      return { kind: 'deleted', count: 1 };
    }
    const row =
      change.kind === 'replace'
        ? change.row
        : current.row.map((value, index) => {
            const given = change.values.get(index);
            return given === undefined ? value : given;
          });
    return this.#replace(image, entry, row, origin);
  }

  #create(image: DatasetImage, change: RecordChange & { kind: 'create' }, origin: Origin): ChangeResult {
    const holder = conflicting(image, change);
    if (holder !== null) {
      if (change.onConflict === 'ignore') return { kind: 'ignored', record: holder.current as StoredRecord };
      return this.#replace(image, holder, change.row, origin);
    }
    const seq = this.#nextSeq;
    const id = change.id ?? idOf(this.stamp.idPrefix, seq);
    const { at } = this.stamp;
    const record: StoredRecord = { id, row: change.row, createdAt: at, updatedAt: at, version: 1, seq };
    refuseTakenKeys(image, change.row, null);
    this.#set(image, change.id === null ? image.entryOfNew(id) : image.entry(id), record, origin);
    return { kind: 'created', record };
  }

  #replace(image: DatasetImage, entry: Entry, row: Row, origin: Origin): ChangeResult {
    const current = entry.current as StoredRecord;
    const key = keyOf(image);
    for (const index of key?.indexes ?? []) {
      if (row[index] !== current.row[index]) throw keyChanged(image.dataset, index);
    }
    if (row.every((value, index) => value === current.row[index])) return { kind: 'unchanged', record: current };
    refuseTakenKeys(image, row, current.id);
    const record: StoredRecord = {
      id: current.id,
      row,
      createdAt: current.createdAt,
      updatedAt: this.stamp.at,
      version: current.version + 1,
      seq: this.#nextSeq,
    };
    this.#set(image, entry, record, origin);
    return { kind: 'updated', record };
  }

  /** Takes the next number and makes `record` (null: nothing) what stands. */
  #set(image: DatasetImage, entry: Entry, record: StoredRecord | null, origin: Origin): void {
    image.set(entry, record, { seq: this.#nextSeq++, origin, undo: this.#undo });
  }

  #imageOf(dataset: Dataset): DatasetImage {
    const known = this.#images.get(dataset.name);
    if (known !== undefined) return known;
    const image = new DatasetImage(dataset, this.#lookup);
    this.#images.set(dataset.name, image);
    return image;
  }
}

function keyOf({ constraints }: DatasetImage): UniqueConstraint | undefined {
  return constraints.find(({ kind }) => kind === 'key');
}

/** The record that a change is about. @throws DataForgeError `unknown_record`, `version_moved` */
function existing(image: DatasetImage, change: RecordChange & { kind: 'patch' | 'replace' | 'delete' }): Entry {
  const entry = image.entry(change.id);
  if (entry.current === null) {
    const message = `Dataset "${image.dataset.name}" has no record with the id ${change.id}.`;
    throw new DataForgeError('unknown_record', message);
  }
  const { version } = entry.current;
  if (change.ifVersion !== null && version !== change.ifVersion) {
    throw new DataForgeError(
      'version_moved',
      `The record is at version ${version}, not ${change.ifVersion}; read it again and repeat the change.`,
      { details: { version } },
    );
  }
  return entry;
}

/**
 * The record that the conflict policy is about, by id or by natural key; null where the new one is free to be made.
 * @throws DataForgeError `key_exists`
 */
function conflicting(image: DatasetImage, change: RecordChange & { kind: 'create' }): Entry | null {
  const byId = change.id === null ? null : image.entry(change.id);
  const key = keyOf(image);
  const byKey = key === undefined ? null : image.holder(key, change.row);
  const idTaken = byId?.current ? byId : null;
  if (idTaken === null && byKey === null) return null;
  if (change.onConflict === 'error' || (idTaken !== null && byKey !== null && idTaken !== byKey)) {
    throw idTaken !== null
      ? idExists(image.dataset, change.id as string)
      : keyExists(image.dataset, key as UniqueConstraint, change.row);
  }
  return idTaken ?? byKey;
}

/** @param except the record that may have them @throws DataForgeError `key_exists` */
function refuseTakenKeys(image: DatasetImage, row: Row, except: string | null): void {
  for (const constraint of image.constraints) {
    const holder = image.holder(constraint, row);
    if (holder !== null && holder.current?.id !== except) throw keyExists(image.dataset, constraint, row);
  }
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
