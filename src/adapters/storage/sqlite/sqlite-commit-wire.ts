import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Change, ChangeResult, MarkGuard, Origin, WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import type { Row } from '#domain/record/value.ts';
import { translateSqliteError } from './sqlite-errors.ts';
import { fromWireError, toWireError, type WireError } from './sqlite-wire.ts';

/** A mark as it can be sent to another thread; a value that is yet to be made is null. */
interface WireMark {
  readonly kind: string;
  readonly key: string;
  readonly value: string | null;
}

/** A request as it can be sent to another thread. */
export type WireRequest = Omit<WriteRequest, 'marks'> & { readonly marks: readonly WireMark[] };

/**
 * The requests of a commit as one thread sends them to another. Structured cloning takes its time by objects, so all
 * that is long lies in one flat array, and what repeats is sent once.
 */
export interface PackedRequests {
  /** By name those that the other thread knows. */
  readonly datasets: readonly (Dataset | string)[];
  readonly origins: readonly Origin[];
  /** A request: its origin, marks, guards, count of changes; a change: see `packChange`. */
  readonly cells: readonly unknown[];
}

/** What became of them: an outcome is an error, or the count of its results; a result: see `packResult`. */
export type PackedOutcomes = readonly unknown[];

type OtherChange = DistributiveOmit<Exclude<Change, { kind: 'create' }>, 'dataset'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Packs requests for one thread, and remembers which datasets that has. */
export class RequestPacker {
  readonly #sent = new Map<string, Dataset>();

  pack(requests: readonly WriteRequest[]): PackedRequests {
    const datasets: (Dataset | string)[] = [];
    const places = new Map<Dataset, number>();
    const origins: Origin[] = [];
    const cells: unknown[] = [];
    const placeOf = (dataset: Dataset): number => {
      const known = places.get(dataset);
      if (known !== undefined) return known;
      const isKnown = this.#sent.get(dataset.name) === dataset;
      this.#sent.set(dataset.name, dataset);
      const place = datasets.push(isKnown ? dataset.name : dataset) - 1;
      places.set(dataset, place);
      return place;
    };
    for (const { changes, marks, guards, origin } of requests) {
      cells.push(originPlace(origins, origin), marks.map(wireMark), guards ?? null, changes.length);
      for (const change of changes) packChange(cells, placeOf(change.dataset), change);
    }
    return { datasets, origins, cells };
  }
}

/** The other end of a `RequestPacker`. */
export class RequestUnpacker {
  readonly #known = new Map<string, Dataset>();

  unpack({ datasets, origins, cells }: PackedRequests): WireRequest[] {
    const known = datasets.map((each) => this.#learn(each));
    const requests: WireRequest[] = [];
    let at = 0;
    const next = <T>() => cells[at++] as T;
    while (at < cells.length) {
      const origin = origins[next<number>()] as Origin;
      const marks = next<readonly WireMark[]>();
      const guards = next<readonly MarkGuard[] | null>();
      const changes = Array.from({ length: next<number>() }, () => unpackChange(next, known));
      requests.push({ changes, origin, marks, ...(guards !== null && { guards }) });
    }
    return requests;
  }

  #learn(dataset: Dataset | string): Dataset {
    if (typeof dataset !== 'string') {
      this.#known.set(dataset.name, dataset);
      return dataset;
    }
    const known = this.#known.get(dataset);
    if (known === undefined) throw new TypeError(`the writer has not been told what dataset ${dataset} is`);
    return known;
  }
}

function originPlace(origins: Origin[], origin: Origin): number {
  const place = origins.findIndex(({ caller, run }) => caller === origin.caller && run === origin.run);
  return place < 0 ? origins.push(origin) - 1 : place;
}

function wireMark({ kind, key, value }: WriteRequest['marks'][number]): WireMark {
  return { kind, key, value: typeof value === 'string' ? value : null };
}

/** A new row lies flat, behind the policy of conflicts, its id and its length; any other change is an object behind null. */
function packChange(cells: unknown[], place: number, change: Change): void {
  if (change.kind === 'create') {
    cells.push(place, change.onConflict, change.id, change.row.length);
    for (const value of change.row) cells.push(value);
  } else {
    const { dataset: _, ...other } = change;
    cells.push(place, null, other);
  }
}

function unpackChange(next: <T>() => T, datasets: readonly Dataset[]): Change {
  const dataset = datasets[next<number>()] as Dataset;
  const onConflict = next<(Change & { kind: 'create' })['onConflict'] | null>();
  if (onConflict === null) return { ...next<OtherChange>(), dataset } as Change;
  const id = next<string | null>();
  const row = Array.from({ length: next<number>() }, () => next<Row[number]>());
  return { kind: 'create', dataset, row, id, onConflict };
}

/** @param requests those of the commit, in order */
export function packOutcomes(requests: readonly WireRequest[], outcomes: readonly WriteOutcome[]): PackedOutcomes {
  const cells: unknown[] = [];
  outcomes.forEach((outcome, index) => {
    if (!outcome.ok) {
      cells.push(toWireError(translateSqliteError(outcome.error)));
      return;
    }
    cells.push(outcome.results.length);
    const changes = requests[index]?.changes;
    for (const [at, result] of outcome.results.entries()) packResult(cells, changes?.[at], result);
  });
  return cells;
}

/** A row that is the one that was sent is not sent back. */
function packResult(cells: unknown[], change: Change | undefined, result: ChangeResult): void {
  if (result.kind === 'deleted') {
    cells.push(result.kind, result.count);
    return;
  }
  const { id, row, createdAt, updatedAt, version, seq } = result.record;
  const isSent = change?.kind === 'create' && change.row === row;
  cells.push(result.kind, id, createdAt, updatedAt, version, seq, isSent ? null : row);
}

export function unpackOutcomes(requests: readonly WriteRequest[], cells: PackedOutcomes): WriteOutcome[] {
  let place = 0;
  const next = <T>() => cells[place++] as T;
  return requests.map(({ changes }): WriteOutcome => {
    const head = next<WireError | number>();
    if (typeof head !== 'number') return { ok: false, error: fromWireError(head) };
    return { ok: true, results: Array.from({ length: head }, (_, at) => unpackResult(next, changes[at])) };
  });
}

function unpackResult(next: <T>() => T, change: Change | undefined): ChangeResult {
  const kind = next<ChangeResult['kind']>();
  if (kind === 'deleted') return { kind, count: next<number>() };
  const [id, createdAt, updatedAt] = [next<string>(), next<string>(), next<string>()];
  const [version, seq] = [next<number>(), next<number>()];
  const row = next<Row | null>() ?? (change?.kind === 'create' ? change.row : []);
  return { kind, record: { id, row, createdAt, updatedAt, version, seq } };
}
