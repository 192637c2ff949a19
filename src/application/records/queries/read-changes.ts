import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { RenderedChange } from '#domain/record/record.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { ChangeLog, ChangesPage } from '../../ports/change-log.ts';
import { abortError, startTimeLimit, streamWithTimeLimit, withTimeLimit } from '../../time-limit.ts';
import { runGated } from '../admission.ts';
import { openDataset } from '../open-dataset.ts';
import { readCount } from '../read-query.ts';

export interface ReadChangesRequest {
  readonly schema: string;
  readonly since: number | null;
  readonly limit: number | null;
  readonly latest: boolean;
  /** Seconds that an empty answer is held open until something comes. */
  readonly wait: number | null;
}

export interface ReadChangesResult {
  readonly schema: string;
  readonly changes: readonly RenderedChange[];
  readonly next: number;
  readonly hasMore: boolean;
}

interface ReadChangesPorts {
  readonly catalog: DatasetCatalog;
  readonly changes: ChangeLog;
  readonly gate: AdmissionGate;
  readonly limits: Limits;
  /** Fires when the server is told to stop, so that nobody is held any longer. */
  readonly stopping: AbortSignal;
}

/** A request whose figures have been looked at; `wait` in milliseconds. */
interface Reading {
  readonly dataset: Dataset;
  readonly since: number;
  readonly limit: number;
  readonly latest: boolean;
  readonly wait: number;
}

/** What happened to a dataset since a sequence number, a page at a time. */
export function readChanges(ports: ReadChangesPorts) {
  return async (request: ReadChangesRequest, call: Call): Promise<ReadChangesResult> => {
    const reading = readRequest(ports, request, call, ports.limits.defaultChanges, ports.limits.maxChanges);
    const page = await readOrWait(ports, reading, call);
    call.observation.rows += page.changes.length;
    return { schema: reading.dataset.name, ...page };
  };
}

/**
 * The same as lines of JSON, page by page, until all is told that had happened; with `wait` it goes on until nothing
 * has happened for so long.
 */
export function streamChanges(ports: ReadChangesPorts) {
  return async (
    request: ReadChangesRequest,
    call: Call,
  ): Promise<{ readonly schema: string; readonly bytes: AsyncIterable<Uint8Array> }> => {
    const reading = readRequest(ports, request, call, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const bytes = streamWithTimeLimit(call.signal, ports.limits.streamTimeout, (signal) =>
      lines(ports, reading, { ...call, signal }),
    );
    return { schema: reading.dataset.name, bytes };
  };
}

function readRequest(
  { catalog, limits, changes }: ReadChangesPorts,
  request: ReadChangesRequest,
  call: Call,
  defaultLimit: number,
  mostLimit: number,
): Reading {
  const { dataset } = openDataset(catalog, request.schema, call, 'read');
  const since = readCount(request.since, { name: 'since', least: 0, most: Number.MAX_SAFE_INTEGER, default: 0 });
  const limit = readCount(request.limit, { name: 'limit', least: 1, most: mostLimit, default: defaultLimit });
  const wait = readCount(request.wait, { name: 'wait', least: 0, most: limits.maxWait / 1000, default: 0 }) * 1000;
  if (since > changes.head()) {
    throw new DataForgeError(
      'invalid_parameter',
      `since is ${since}, and the newest change is ${changes.head()}; take "next" of an earlier answer.`,
      {
        faults: [{ pointer: '/since', message: 'lies in the future' }],
      },
    );
  }
  return { dataset, since, limit, latest: request.latest, wait };
}

async function* lines(ports: ReadChangesPorts, reading: Reading, call: Call): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let { since, limit } = reading;
  while (limit > 0) {
    const page = await readOrWait(ports, { ...reading, since, limit: Math.min(limit, ports.limits.maxChanges) }, call);
    if (page.changes.length > 0) yield encoder.encode(page.changes.map((change) => `${change.json}\n`).join(''));
    call.observation.rows += page.changes.length;
    limit -= page.changes.length;
    since = page.next;
    if (!page.hasMore && (reading.wait === 0 || page.changes.length === 0)) return;
  }
}

/** Listens before it reads, so that nothing is missed between the two. */
async function readOrWait(ports: ReadChangesPorts, reading: Reading, call: Call): Promise<ChangesPage> {
  if (reading.wait === 0) return readPage(ports, reading, call);
  const news = listen(ports.changes, reading.dataset.name);
  const patience = startTimeLimit(AbortSignal.any([call.signal, ports.stopping]), reading.wait);
  try {
    let since = reading.since;
    for (;;) {
      const seen = news.next();
      const page = await readPage(ports, { ...reading, since }, call);
      if (page.changes.length > 0 || page.hasMore) return page;
      since = page.next;
      if (!(await comes(seen, patience.signal))) {
        if (call.signal.aborted) throw abortError(call.signal);
        return page;
      }
    }
  } finally {
    patience.end();
    news.stop();
  }
}

function readPage({ changes, gate, limits }: ReadChangesPorts, reading: Reading, call: Call): Promise<ChangesPage> {
  const { dataset, since, limit, latest } = reading;
  return withTimeLimit(call.signal, limits.queryTimeout, (signal) =>
    runGated(gate, signal, call.observation, () => changes.read({ dataset, since, limit, latest, signal })),
  );
}

function listen(changes: ChangeLog, name: string) {
  let waiting = Promise.withResolvers<void>();
  const stop = changes.subscribe((_head, datasets) => {
    if (!datasets.has(name)) return;
    waiting.resolve();
    waiting = Promise.withResolvers();
  });
  return { next: () => waiting.promise, stop };
}

/** @returns whether the news came before the signal */
function comes(news: Promise<void>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    signal.addEventListener('abort', () => resolve(false), { once: true });
    void news.then(() => resolve(true));
  });
}
