import { DataForgeError } from '#domain/errors.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import { pushOptions } from '#domain/pipeline/push.ts';
import { addCounts, NO_COUNTS, NO_MEASURES, type PipelineRun } from '#domain/pipeline/run.ts';
import { timestampOf } from '#domain/record/time.ts';
import { NEVER } from '../../call.ts';
import type { BulkCounts, BulkMark } from '../../ports/bulk-loader.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RecordWriter } from '../../ports/record-writer.ts';
import { countsOf, type LocalBatchStore } from '../local-batch-store.ts';
import type { MarkedRunHistory } from '../marked-run-history.ts';
import { type TransformPorts, transformRows } from '../transform-rows.ts';
import type { PushedEvent } from './pushed-event.ts';

export interface PushRunPorts extends TransformPorts {
  readonly store: LocalBatchStore;
  readonly history: MarkedRunHistory;
  readonly writer: RecordWriter;
  readonly clock: Clock;
  /** Told of each batch that is stored, with the run as it was before and as it is now. */
  readonly onStored: (pipeline: RowPipeline, before: PipelineRun, now: PipelineRun) => void;
}

/** Whom the history names. */
const CALLER = 'push';
/** Events that come within so long of each other are one run, which is no longer than this. */
const LONGEST_PAUSE = 60_000;
const LONGEST_RUN = 3_600_000;
/** How often a pipeline may be taken away before its events are sent away. */
const MOST_TAKEN = 10;

/**
 * The run that the events of a pipeline are part of now. Rows, ids of events and what the run has done are one commit, so
 * that there is nothing to be gone on with when the process ends, and the run stands as it ended by then.
 */
export class PushRun {
  readonly #ports: PushRunPorts;
  /** null where others may have stored events since. */
  #holder: string | null = null;
  #run: PipelineRun | null = null;

  constructor(ports: PushRunPorts) {
    this.#ports = ports;
  }

  /**
   * Stores the events that have not been stored before.
   * @returns those
   * @throws DataForgeError as `BatchStore.store`, and as transforms do
   */
  async store(pipeline: RowPipeline, events: readonly PushedEvent[]): Promise<ReadonlySet<PushedEvent>> {
    for (let taken = 0; taken < MOST_TAKEN; taken++) {
      try {
        return await this.#storeOnce(pipeline, events);
      } catch (error) {
        if (!(error instanceof DataForgeError) || error.code !== 'version_moved') throw error;
        this.#holder = null;
      }
    }
    const message =
      'Other instances of the server take events of this pipeline too quickly; send these again in a moment.';
    throw new DataForgeError('unavailable', message, { retryable: true });
  }

  async #storeOnce(pipeline: RowPipeline, events: readonly PushedEvent[]): Promise<ReadonlySet<PushedEvent>> {
    // Whoever else stores events takes the pipeline first: what is looked up from here on holds until these are stored.
    const holder = await this.#take(pipeline);
    const fresh = await this.#unknown(pipeline, events);
    if (fresh.length === 0) return new Set();
    const run = await this.#open(pipeline);
    let after = run;
    const marks = await this.#marks(run, (counts) => {
      const bytes = fresh.reduce((sum, { rows }) => sum + rows.length, 0);
      const done = addCounts(run.counts, { ...countsOf(counts), batches: 1, bytes });
      after = { ...run, counts: done, endedAt: this.#ports.clock.now() };
      return after;
    });
    for (const { id } of fresh) if (id !== null) marks.push({ ...eventMark(pipeline, id), value: () => run.id });
    async function* body() {
      for (const { rows } of fresh) yield rows;
    }
    const rows = await transformRows(this.#ports, pipeline, { format: 'ndjson', body: body() }, NEVER);
    const number = run.counts.batches + 1;
    const batch = { pipeline, run: run.id, number, rows, cursor: () => ({}), caller: CALLER, holder, signal: NEVER };
    await this.#ports.store.store(batch, marks);
    this.#run = after;
    this.#ports.onStored(pipeline, run, after);
    return new Set(fresh);
  }

  async #take(pipeline: RowPipeline): Promise<string> {
    if (this.#holder !== null) return this.#holder;
    const holder = crypto.randomUUID();
    await this.#ports.store.take(pipeline, holder, CALLER);
    // What took it away may have been somebody who undid the run.
    if (this.#run !== null && (await this.#isUndone(this.#run.id))) this.#run = null;
    this.#holder = holder;
    return holder;
  }

  /** The run that goes on, or a new one. */
  async #open(pipeline: RowPipeline): Promise<PipelineRun> {
    const { clock, writer } = this.#ports;
    const now = clock.now();
    const run = this.#run;
    const goesOn = run !== null && now - (run.endedAt ?? now) <= LONGEST_PAUSE && now - run.startedAt <= LONGEST_RUN;
    if (goesOn && run.dataset === pipeline.target.dataset) return run;
    const keepIds = pushOptions(pipeline)?.keepIds ?? 0;
    await writer.forgetMarks(eventMark(pipeline, '').kind, timestampOf(now - keepIds));
    return {
      id: crypto.randomUUID(),
      pipeline: pipeline.name,
      dataset: pipeline.target.dataset,
      state: 'succeeded',
      caller: CALLER,
      startedBy: 'push',
      startedAt: now,
      endedAt: now,
      counts: NO_COUNTS,
      measures: NO_MEASURES,
      part: null,
      error: null,
      log: [],
      cursorBefore: null,
      window: null,
      rolledBackAt: null,
    };
  }

  /** What keeps the run as it is once a load is done. */
  async #marks(run: PipelineRun, after: (counts: BulkCounts) => PipelineRun): Promise<BulkMark[]> {
    const marks = await this.#ports.history.marksOf(run);
    return marks.map(({ kind, key, value }) => {
      return { kind, key, value: (counts) => (key === run.id ? JSON.stringify(after(counts)) : value) };
    });
  }

  /** The events that are not stored, each id once. */
  async #unknown(pipeline: RowPipeline, events: readonly PushedEvent[]): Promise<readonly PushedEvent[]> {
    const first = new Map<string, PushedEvent>();
    for (const event of events) if (event.id !== null && !first.has(event.id)) first.set(event.id, event);
    const known = await this.#stored(pipeline, [...first.keys()]);
    return events.filter((event) => event.id === null || (first.get(event.id) === event && !known.has(event.id)));
  }

  /** Those of the ids whose events are stored, by runs that stand. */
  async #stored(pipeline: RowPipeline, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const runs = await this.#ports.writer.readMarks(eventMark(pipeline, '').kind, ids);
    const undone = new Set<string>();
    for (const run of new Set(runs.values())) if (await this.#isUndone(run)) undone.add(run);
    return new Set(ids.filter((id) => runs.has(id) && !undone.has(runs.get(id) ?? '')));
  }

  async #isUndone(run: string): Promise<boolean> {
    const kept = await this.#ports.history.get(run);
    return kept !== null && kept.rolledBackAt !== null;
  }
}

/** The mark that remembers an event; its value is the run that stored it. */
function eventMark({ name }: RowPipeline, id: string): { readonly kind: string; readonly key: string } {
  return { kind: `pushed-event ${name}`, key: id };
}
