import { DataForgeError } from '#domain/errors.ts';
import { compileFilter } from '#domain/query/evaluate.ts';
import type { Filter } from '#domain/query/query.ts';
import type { Json } from '#domain/record/json.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { RecordReader } from '../../ports/record-reader.ts';
import { withTimeLimit } from '../../time-limit.ts';
import { runGated } from '../admission.ts';
import type { ChangeTail } from '../change-tail.ts';
import type { FollowedChange } from '../follow-filter.ts';
import { type FollowedPage, followPages } from '../follow-pages.ts';
import { openDataset } from '../open-dataset.ts';
import { readQuery } from '../read-query.ts';
import type { StreamPlaces } from './stream-records.ts';

export interface WatchRecordsRequest {
  readonly schema: string;
  readonly filters: Json;
  readonly sort: Json;
  /** Milliseconds of silence after which an empty page is given. */
  readonly heartbeat: number;
}

export interface WatchRecordsResult {
  readonly schema: string;
  /** The rows of the filter, as one snapshot has them. */
  readonly records: readonly RenderedRecord[];
  /** What enters the filter, changes in it and leaves it after the snapshot, each once, in order. */
  readonly pages: AsyncIterable<FollowedPage>;
}

interface WatchRecordsPorts {
  readonly catalog: DatasetCatalog;
  readonly reader: RecordReader;
  readonly gate: AdmissionGate;
  readonly tail: ChangeTail;
  readonly places: StreamPlaces;
  readonly limits: Limits;
  /** Fires when the server is told to stop. */
  readonly stopping: AbortSignal;
}

/** How long after a commit this process has been told of it at the latest, in milliseconds. */
const LATEST_NEWS = 60_000;

const EVERYTHING: Filter = { kind: 'and', items: [] };

/**
 * A live query: the rows there are, then what becomes of them. The changes are followed from before the snapshot, so that
 * none is missed; those that the snapshot has already are told by the versions of its rows, and left out.
 */
export function watchRecords(ports: WatchRecordsPorts) {
  const { catalog, reader, gate, tail, places, limits, stopping } = ports;
  return async (request: WatchRecordsRequest, call: Call): Promise<WatchRecordsResult> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'read');
    places.checkFree();
    const query = readQuery(dataset, { ...request, fields: null }, limits, call.observation);
    const size = limits.maxWatchedRows;
    const page = { ...query, size, start: { kind: 'offset', offset: 0 } } as const;
    call.observation.explain = () => reader.explain(page);
    const since = tail.head();
    const { records, total } = await withTimeLimit(call.signal, limits.queryTimeout, (signal) =>
      runGated(gate, signal, call.observation, () => reader.page(page, { at: null, signal })),
    );
    if (total > size) {
      throw new DataForgeError(
        'too_large',
        `${total} rows match, and a live query may have ${size}; narrow its filters, or follow the changes alone.`,
        { details: { limit: size } },
      );
    }
    call.observation.rows += records.length;
    const matches = compileFilter(query.filter ?? EVERYTHING);
    const pages = followPages({ tail, dataset, matches, since, heartbeat: request.heartbeat, call, stopping });
    return { schema: dataset.name, records, pages: places.hold(behindSnapshot(pages, records, tail)) };
  };
}

/**
 * A snapshot may have commits that this process has not been told of yet, so all changes are held against its rows until
 * those of the next minute have been.
 */
async function* behindSnapshot(
  pages: AsyncIterable<FollowedPage>,
  records: readonly RenderedRecord[],
  tail: ChangeTail,
): AsyncGenerator<FollowedPage> {
  const toldBy = performance.now() + LATEST_NEWS;
  let versions: Map<string, number> | null = new Map(records.map(({ id, version }) => [id, version]));
  let last: number | null = null;
  for await (const page of pages) {
    const known = versions;
    yield known === null ? page : { ...page, changes: page.changes.flatMap((change) => unseen(change, known)) };
    if (last === null && performance.now() > toldBy) last = tail.head();
    if (last !== null && page.next >= last) versions = null;
  }
}

/** What a change is to one who has rows of these versions; nothing where they are past it. */
function unseen(change: FollowedChange, versions: Map<string, number>): FollowedChange[] {
  const { before = null, after = null } = change.images ?? {};
  const version = after?.version ?? (before?.version ?? 0) + 1;
  const shown = versions.get(change.id);
  if (shown !== undefined && shown >= version) return [];
  if (change.event === 'leave') return versions.delete(change.id) ? [change] : [];
  versions.set(change.id, version);
  return [{ ...change, event: shown === undefined ? 'enter' : 'change' }];
}
