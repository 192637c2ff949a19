import { DataForgeError } from '#domain/errors.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import { addCounts, NO_COUNTS, type PipelineRun, type RunLogLine, type RunState } from '#domain/pipeline/run.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunHistory } from '../ports/run-history.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { RunJob, RunProgress } from './run-job.ts';

export interface PipelineRunsOptions {
  readonly history: RunHistory;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** The text without secrets. */
  readonly redact: (text: string) => string;
  /** Carries a run out. */
  readonly work: (job: RunJob, progress: RunProgress, signal: AbortSignal) => Promise<void>;
  /** Told of each run that has ended. */
  readonly onEnd: (run: PipelineRun, pipeline: Pipeline) => Promise<void>;
}

const MOST_LINES = 200;
const LONGEST_TIMER = 2 ** 31 - 1;

type Draft = { -readonly [K in keyof PipelineRun]: PipelineRun[K] } & { log: RunLogLine[] };

interface Entry {
  readonly run: Draft;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

/**
 * The runs under way in this process, one a pipeline. A run is a job: a name, what it needs to know, a signal that ends
 * it, and progress; a task queue may stand in the place of this.
 */
export class PipelineRuns {
  readonly #options: PipelineRunsOptions;
  readonly #entries = new Map<string, Entry>();
  /** Pipelines whose run is about to be remembered, and then to begin. */
  readonly #starting = new Set<string>();

  constructor(options: PipelineRunsOptions) {
    this.#options = options;
  }

  /** How many are under way. */
  get running(): number {
    return this.#entries.size;
  }

  /** The run of a pipeline that is under way, as it stands. */
  find(pipeline: string): PipelineRun | null {
    return this.#entries.get(pipeline)?.run ?? null;
  }

  /** @throws DataForgeError `pipeline_busy` */
  async start(pipeline: Pipeline, caller: string, cursorBefore: Cursor | null): Promise<PipelineRun> {
    if (this.#entries.has(pipeline.name) || this.#starting.has(pipeline.name)) {
      const message = `Pipeline "${pipeline.name}" has a run under way; wait for its end, or cancel it.`;
      throw new DataForgeError('pipeline_busy', message);
    }
    const run: Draft = {
      id: crypto.randomUUID(),
      pipeline: pipeline.name,
      dataset: pipeline.target.dataset,
      state: 'running',
      caller,
      startedAt: this.#options.clock.now(),
      endedAt: null,
      counts: NO_COUNTS,
      part: null,
      error: null,
      log: [],
      cursorBefore,
      rolledBackAt: null,
    };
    this.#starting.add(pipeline.name);
    try {
      this.#log(run, 'begun');
      await this.#options.history.put(run);
      const controller = new AbortController();
      const ended = this.#carryOut(run, pipeline, controller);
      this.#entries.set(pipeline.name, { run, controller, ended });
    } finally {
      this.#starting.delete(pipeline.name);
    }
    return run;
  }

  /** Waits until the run of a pipeline has ended, or so many milliseconds are over. */
  async settled(pipeline: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(pipeline);
    if (entry === undefined) return;
    const waited = Promise.withResolvers<void>();
    const timer = setTimeout(waited.resolve, Math.min(milliseconds, LONGEST_TIMER));
    const onAbort = () => waited.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.race([entry.ended, waited.promise]);
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }

  /** Ends a run and waits until it has; what it stored stands. */
  async cancel(pipeline: string): Promise<void> {
    const entry = this.#entries.get(pipeline);
    entry?.controller.abort(new DataForgeError('cancelled', 'The run was cancelled.'));
    await entry?.ended;
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    for (const { controller } of entries) {
      controller.abort(new DataForgeError('cancelled', 'The server is stopping; the next run goes on from here.'));
    }
    await Promise.all(entries.map(({ ended }) => ended));
  }

  async #carryOut(run: Draft, pipeline: Pipeline, controller: AbortController): Promise<void> {
    const { work, telemetry } = this.#options;
    const timeout = setTimeout(() => controller.abort(tooLong(pipeline)), Math.min(pipeline.timeout, LONGEST_TIMER));
    try {
      await work({ pipeline, run: run.id, caller: run.caller }, this.#progressOf(run), controller.signal);
      this.#end(run, 'succeeded');
    } catch (error) {
      const known = asDataForgeError(error);
      if (known.code === 'internal') telemetry.warn('a run failed inside', { run: run.id, err: known.cause ?? known });
      run.error = { code: known.code, message: this.#options.redact(known.message) };
      this.#end(run, known.code === 'cancelled' ? 'cancelled' : 'failed');
    } finally {
      clearTimeout(timeout);
      await this.#keep(run, pipeline);
      this.#entries.delete(pipeline.name);
    }
  }

  #progressOf(run: Draft): RunProgress {
    return {
      log: (message) => this.#log(run, message),
      stored: (state, part) => {
        run.counts = { ...state.counts, retries: run.counts.retries };
        run.part = part;
      },
      retried: () => {
        run.counts = addCounts(run.counts, { retries: 1 });
      },
    };
  }

  #log(run: Draft, message: string): void {
    run.log.push({ at: this.#options.clock.now(), message: this.#options.redact(message) });
    if (run.log.length > MOST_LINES) run.log.splice(1, run.log.length - MOST_LINES);
  }

  #end(run: Draft, state: RunState): void {
    run.state = state;
    run.endedAt = this.#options.clock.now();
    if (state === 'succeeded') run.part = 1;
    this.#log(run, run.error === null ? state : `${state}: ${run.error.message}`);
  }

  async #keep(run: PipelineRun, pipeline: Pipeline): Promise<void> {
    const { history, onEnd, telemetry } = this.#options;
    try {
      await onEnd(run, pipeline);
      await history.put(run);
    } catch (error) {
      telemetry.warn('the end of a run could not be kept', { run: run.id, err: error });
    }
  }
}

function asDataForgeError(error: unknown): DataForgeError {
  if (error instanceof DataForgeError) return error;
  const message = 'The run failed inside; the log of the server has more.';
  return new DataForgeError('internal', message, { cause: error });
}

function tooLong({ name, timeout }: Pipeline): DataForgeError {
  const message = `The run of pipeline "${name}" took longer than its timeout of ${timeout / 1000} s; the next one goes on from here.`;
  return new DataForgeError('query_timeout', message);
}
