import { DataForgeError } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { Pipeline, RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { RunStarter } from '#domain/run/run-record.ts';
import type { BatchStore } from '../ports/batch-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Source, SourceBatch, SourceOpening, SourceRows } from '../ports/source.ts';
import type { Web } from '../ports/web.ts';
import { abortError } from '../time-limit.ts';
import { joinBatches } from './join-batches.ts';
import { waitForNextAttempt } from './next-attempt.ts';
import type { RunProgress } from './run-progress.ts';
import { SnapshotCursor } from './snapshot-cursor.ts';
import { traceSource, traceTransform, traceWrite } from './trace-batches.ts';
import { type TransformPorts, transformRows } from './transform-rows.ts';

export interface RunJobPorts extends TransformPorts {
  readonly sources: readonly Source[];
  readonly store: BatchStore;
  readonly secrets: Secrets;
  readonly web: Web;
  readonly clock: Clock;
  /** Where relative paths of sources begin. */
  readonly folder: string;
  readonly batch: SourceOpening['batch'];
}

/** What a worker needs to know to carry out a run; the same job may be begun again wherever it broke off. */
export interface CarriedRun {
  readonly pipeline: Pipeline;
  readonly run: string;
  /** Of a backfill. */
  readonly window: BackfillWindow | null;
  readonly caller: string;
  readonly startedBy: RunStarter;
}

/** One that moves rows. */
export interface RunJob extends CarriedRun {
  readonly pipeline: RowPipeline;
}

/**
 * Carries out a run: reads the source on from the last commit of the pipeline, and stores batch after batch. A source
 * that fails in a way that may pass is opened anew, at the cursor of the last batch that was stored.
 */
export async function runJob(
  ports: RunJobPorts,
  job: RunJob,
  progress: RunProgress,
  signal: AbortSignal,
): Promise<void> {
  const { pipeline, window } = job;
  for (let attempt = 1; ; ) {
    const before = await ports.store.state(pipeline.name, window);
    try {
      await readOn(ports, job, progress, signal);
      return;
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      const after = await ports.store.state(pipeline.name, window);
      const gotOn = after !== null && (after.run !== before?.run || after.batch > before.batch);
      attempt = gotOn ? 1 : attempt;
      if (!mayPass(error) || attempt >= pipeline.retry.attempts) throw error;
      await waitForNextAttempt({ error, attempt, retry: pipeline.retry, clock: ports.clock, progress, signal });
      attempt++;
    }
  }
}

async function readOn(ports: RunJobPorts, job: RunJob, progress: RunProgress, signal: AbortSignal): Promise<void> {
  const { store, secrets, web, clock, folder, batch } = ports;
  const { pipeline, run, window } = job;
  const holder = crypto.randomUUID();
  const state = await store.take(pipeline, holder, job.caller, window);
  const source = sourceOf(ports.sources, pipeline);
  const isJoined = joinsBatches(pipeline, source);
  const snapshot = source.isSnapshot ? new SnapshotCursor(pipeline) : null;
  const known = state.source === pipeline.source.kind ? state.cursor : null;
  const ended = new AbortController();
  const opening: SourceOpening = {
    // What is to take the place of all before is read from the beginning, and stored as one.
    cursor: isJoined ? null : snapshot === null ? known : snapshot.read(known),
    window,
    caller: job.caller,
    secrets,
    web,
    clock,
    folder,
    settle: settleOf(job),
    batch: isJoined ? { bytes: Number.POSITIVE_INFINITY, time: Number.POSITIVE_INFINITY } : batch,
    signal: AbortSignal.any([signal, ended.signal]),
    note: (message) => progress.log(message),
  };
  let number = state.run === run ? state.batch : 0;
  // A worker before has stored it, and may have told nobody.
  if (number > 0) progress.stored(state, null);
  if (number > 0 && source.isSnapshot) return;
  const { times, span } = progress;
  let fetching = traceSource(span, number + 1);
  try {
    for await (const next of transformed(ports, pipeline, source, opening, progress)) {
      fetching.end();
      if (signal.aborted) throw abortError(signal);
      number++;
      const cursor = () => (snapshot === null ? next.cursor() : snapshot.write(next.cursor()));
      const batch = { holder, number, rows: next.rows, cursor };
      const stored = await traceWrite(span, times, store, { ...job, ...batch, signal });
      progress.stored(stored.state, next.part?.() ?? null);
      fetching = traceSource(span, number + 1);
    }
    // Whoever asks for the same window once more begins it anew.
    if (window !== null) {
      const end = { holder, number: number + 1, rows: null, cursor: () => null };
      progress.stored((await store.store({ ...job, ...end, signal })).state, 1);
    }
  } finally {
    fetching.end();
    // What was read ahead is of no use any more.
    ended.abort();
  }
}

/** Whoever asks for a run knows that its files are whole. */
function settleOf({ pipeline, startedBy }: RunJob): number {
  const trigger = pipeline.schedule?.trigger;
  return trigger?.kind === 'files' && startedBy === 'schedule' ? trigger.settle : 0;
}

/** Whether all batches are stored at one moment, because they take the place of what was there before. */
function joinsBatches({ target }: RowPipeline, { isSnapshot = false }: Source): boolean {
  return target.mode === 'replace' && !isSnapshot;
}

/** The batches of a source, their rows being those that are to be stored. */
async function* transformed(
  ports: RunJobPorts,
  pipeline: RowPipeline,
  source: Source,
  opening: SourceOpening,
  { times, span }: RunProgress,
): AsyncGenerator<SourceBatch> {
  const { signal } = opening;
  const transform = async (rows: SourceRows) => {
    if (pipeline.transform === null) return rows;
    return traceTransform(span, async () => {
      const made = await times.time('transform', () => transformRows(ports, pipeline, rows, signal));
      return times.rows('transform', made);
    });
  };
  const batches = times.batches(source.open(pipeline.source.options, opening));
  if (joinsBatches(pipeline, source)) {
    yield await joinBatches(batches, transform, (rows) => ports.transformer.lines(rows, signal));
    return;
  }
  for await (const batch of batches) {
    const rows = batch.rows && (await transform(batch.rows));
    yield { rows, cursor: () => batch.cursor(), part: () => batch.part?.() ?? null };
  }
}

/** @throws DataForgeError `invalid_pipeline_file` where no source of the kind is registered */
function sourceOf(sources: readonly Source[], { name, source }: RowPipeline): Source {
  const found = sources.find(({ kind }) => kind === source.kind);
  if (found !== undefined) return found;
  throw new DataForgeError(
    'invalid_pipeline_file',
    `Pipeline "${name}" has a source of an unknown kind, ${source.kind}.`,
  );
}

/** Rows that cannot be read may be half of what was sent, and others may have been overtaken: they too are asked for again. */
function mayPass(error: unknown): boolean {
  return error instanceof DataForgeError && (error.retryable || ['invalid_body', 'pipeline_busy'].includes(error.code));
}
