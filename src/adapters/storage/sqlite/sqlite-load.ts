import { setImmediate } from 'node:timers/promises';
import { type BulkCounts, type BulkRequest, MAX_REPORTED_REJECTIONS } from '#application/ports/bulk-loader.ts';
import { conflictOf, Rejections } from '#application/records/rejections.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { StoredLookup } from '#domain/record/dataset-image.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Row } from '#domain/record/value.ts';
import { type CommitStamp, WriteDraft } from '#domain/record/write-draft.ts';
import type { StoredMark } from '#domain/record/write-groups.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import type { RowFormat } from '#formats/rows/read-rows.ts';
import type { ReceivedBody } from '../shared/spool.ts';
import type { Committed, SqliteCommits } from './sqlite-commits.ts';
import { deleteOthers } from './sqlite-delete-others.ts';
import { SqliteInserter } from './sqlite-inserter.ts';
import { declaredIndexes } from './sqlite-layout.ts';
import { SqliteLookup } from './sqlite-lookup.ts';
import { type ParsedBlock, rowDecoder } from './sqlite-parse-body.ts';
import type { SqliteParser } from './sqlite-parser.ts';
import { SqliteTable } from './sqlite-table.ts';
import type { SqliteValue } from './sqlite-values.ts';
import { lookupIn } from './sqlite-write-requests.ts';

export interface LoadRequest
  extends Pick<
    BulkRequest,
    'dataset' | 'onInvalid' | 'onConflict' | 'guards' | 'origin' | 'returnRecords' | 'removesOthers'
  > {
  readonly format: RowFormat;
  readonly body: ReceivedBody;
}

/**
 * Memory for pages of a load that fills one page after the other: those go to the log meanwhile, not when it commits.
 * Where rows are put into an index too, pages are come back to, and the more of them are in memory the better.
 */
const FILLED_PAGES_BYTES = 16_000_000;

/** Stores a whole body as one commit, row by row as it is read. Folding the log is left to the caller. */
export async function loadBody(
  commits: SqliteCommits,
  request: LoadRequest,
  parser: SqliteParser,
  isStopped: () => boolean,
  makeMarks: (counts: BulkCounts) => Promise<readonly StoredMark[]>,
): Promise<{ readonly counts: BulkCounts; readonly committed: Committed | null }> {
  const { dataset, format, body, onConflict } = request;
  const withIdentities = onConflict === 'update';
  const blocks = () => watched(parser.read({ dataset, format, body, withIdentities }), isStopped);
  const repeated = withIdentities ? await findRepeated(blocks()) : new Map<string, number>();
  let counts: BulkCounts | null = null;
  const { connection } = commits;
  const store = async () => {
    commits.checkGuards(request.guards);
    const stamp = commits.stamp();
    const load = new Load(commits, request, stamp, repeated);
    for await (const block of blocks()) {
      if (block.ids !== null) connection.keepPages();
      load.take(block);
      if (load.isHopeless) break;
    }
    load.finish();
    if (request.removesOthers) load.removeOthers(commits);
    counts = load.counts();
    commits.writeMarks(await makeMarks(counts), stamp.at);
    return { nextSeq: load.nextSeq, datasets: [dataset.name] };
  };
  if (declaredIndexes(dataset).length === 0) connection.keepPages(FILLED_PAGES_BYTES);
  const committed = await connection.growingLog(() => commits.commit(store)).finally(() => connection.keepPages());
  if (counts === null) throw new TypeError('a load that was committed has counts');
  return { counts, committed };
}

async function* watched(blocks: AsyncIterable<ParsedBlock>, isStopped: () => boolean): AsyncGenerator<ParsedBlock> {
  for await (const block of blocks) {
    if (isStopped()) throw new DataForgeError('cancelled', 'The caller went away before the work was done.');
    yield block;
    await setImmediate();
  }
}

/** Of several rows with one identity `update` takes the last: how many of each there are, where that is more than one. */
async function findRepeated(blocks: AsyncIterable<ParsedBlock>): Promise<Map<string, number>> {
  const repeated = new Map<string, number>();
  const seen = new Set<string>();
  for await (const { identities } of blocks) {
    for (const identity of identities ?? []) {
      if (identity === null) continue;
      if (seen.has(identity)) repeated.set(identity, (repeated.get(identity) ?? 1) + 1);
      else seen.add(identity);
    }
  }
  return repeated;
}

/** A row of a block: where it stands in the body, what it was given as id, what it is told apart by, its place in the columns. */
interface ParsedRow {
  readonly line: number;
  readonly id: string | null;
  readonly identity: string | null;
  readonly columns: readonly (readonly SqliteValue[])[];
  readonly at: number;
}

/** Puts the rows of one body into the store, by the policies of its request. */
class Load {
  nextSeq: number;
  readonly #request: LoadRequest;
  readonly #stamp: CommitStamp;
  readonly #lookup: SqliteLookup;
  readonly #stored: StoredLookup;
  readonly #table: SqliteTable;
  readonly #inserter: SqliteInserter;
  readonly #decode: (stored: readonly SqliteValue[]) => Row;
  readonly #render: (record: StoredRecord) => string;
  readonly #rejected: Rejections;
  readonly #conflicts: ({ readonly line: number } & ReturnType<typeof conflictOf>)[] = [];
  #otherConflicts = 0;
  readonly #counts = { created: 0, updated: 0, ignored: 0 };
  /** Of rows with an identity that comes again: how many are still to come. */
  readonly #toCome: Map<string, number>;
  /** For each row sent, in order, the record that now stands, or the identity of the row that says so. */
  readonly #standing: ({ readonly id: string } | { readonly identity: string })[] = [];
  readonly #idOf = new Map<string, string>();
  readonly #records = new Map<string, string>();
  /** Ids of records that stood before and that a row left as they were. */
  readonly #kept = new Set<string>();
  #deleted: number | null = null;

  constructor(commits: SqliteCommits, request: LoadRequest, stamp: CommitStamp, repeated: Map<string, number>) {
    this.#request = request;
    this.#stamp = stamp;
    this.nextSeq = stamp.firstSeq;
    this.#lookup = new SqliteLookup(commits.connection, request.dataset);
    this.#stored = lookupIn(commits.connection);
    this.#table = new SqliteTable(commits.connection, commits.origins, request.dataset, stamp);
    const originId = commits.origins.idOf(request.origin);
    this.#inserter = new SqliteInserter(commits.connection, request.dataset, stamp, originId);
    this.#decode = rowDecoder(request.dataset);
    this.#render = recordRenderer(request.dataset, null);
    this.#rejected = new Rejections(request.onInvalid);
    this.#toCome = repeated;
  }

  /** Nothing will be stored, and there is more to tell than anyone will read. */
  get isHopeless(): boolean {
    return this.#rejected.isFull;
  }

  take({ lines, ids, identities, columns, rejected }: ParsedBlock): void {
    for (const { line, faults, garbled } of rejected) {
      this.#rejected.add(line, faults, garbled ? 'invalid_body' : 'invalid_value');
    }
    // Rows of a body that is refused as a whole are only looked at.
    if (this.#request.onInvalid === 'abort' && (this.#rejected.count > 0 || this.#otherConflicts > 0)) return;
    const isPlain = ids === null && identities === null && !this.#request.returnRecords;
    for (let at = 0; at < lines.length; at++) {
      const together = isPlain ? this.#inserter.many(columns, at, lines.length, this.nextSeq) : 0;
      if (together > 0) {
        this.#created(together);
        at += together - 1;
        continue;
      }
      this.#store({ line: lines[at] ?? 0, id: ids?.[at] ?? null, identity: identities?.[at] ?? null, columns, at });
    }
  }

  /** @throws DataForgeError where a row cannot be stored and the policy is to abort; rows that are wrong in themselves are told first */
  finish(): void {
    this.#rejected.throwIfAborting();
    for (const { line, faults, code } of this.#conflicts) this.#rejected.add(line, faults, code);
    this.#rejected.addUnreported(this.#otherConflicts);
    this.#rejected.throwIfAborting();
  }

  /** Deletes what stood before and what no row means. */
  removeOthers(commits: SqliteCommits): void {
    const originId = commits.origins.idOf(this.#request.origin);
    const at = { stamp: this.#stamp, nextSeq: this.nextSeq, originId, kept: this.#kept };
    this.#deleted = deleteOthers(commits.connection, this.#request.dataset, at);
    this.nextSeq += this.#deleted;
  }

  counts(): BulkCounts {
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

  #store(row: ParsedRow): void {
    const { returnRecords } = this.#request;
    const { identity } = row;
    const toCome = identity === null ? undefined : this.#toCome.get(identity);
    if (identity !== null && toCome !== undefined) {
      if (returnRecords) this.#standing.push({ identity });
      if (toCome > 1) {
        this.#toCome.set(identity, toCome - 1);
        this.#counts.ignored++;
        return;
      }
      const id = this.#create(row);
      if (id !== null) this.#idOf.set(identity, id);
      return;
    }
    const id = this.#create(row);
    if (returnRecords && id !== null) this.#standing.push({ id });
  }

  /** @returns the id of the record that stands, where it is asked for; null where the row was rejected */
  #create(row: ParsedRow): string | null {
    const isFree = row.id === null || this.#lookup.byId(row.id) === null;
    if (!isFree || this.#request.returnRecords || !this.#inserter.one(row.columns, row.at, row.id, this.nextSeq))
      return this.#draft(row);
    this.#created(1);
    return null;
  }

  #created(count: number): void {
    this.nextSeq += count;
    this.#counts.created += count;
  }

  /** The longer way, which knows what a conflict means. */
  #draft({ line, columns, at, id }: ParsedRow): string | null {
    const { dataset, onConflict, origin, returnRecords } = this.#request;
    const row = this.#decode(columns.map((column) => column[at] ?? null));
    const draft = new WriteDraft(this.#stored, { ...this.#stamp, firstSeq: this.nextSeq });
    const outcome = draft.apply({ changes: [{ kind: 'create', dataset, row, id, onConflict }], marks: [], origin });
    if (!outcome.ok) {
      const { faults, code } = conflictOf(outcome.error);
      if (this.#conflicts.length < MAX_REPORTED_REJECTIONS) this.#conflicts.push({ line, faults, code });
      else this.#otherConflicts++;
      return null;
    }
    for (const mutation of draft.mutations()) this.#table.store(mutation);
    this.nextSeq = draft.nextSeq;
    const [result] = outcome.results;
    if (result === undefined || result.kind === 'deleted') return null;
    if (result.record.seq < this.#stamp.firstSeq) this.#kept.add(result.record.id);
    this.#counts[result.kind === 'created' || result.kind === 'updated' ? result.kind : 'ignored']++;
    if (returnRecords) this.#records.set(result.record.id, this.#render(result.record));
    return result.record.id;
  }
}
