import { DataForgeError } from '#domain/errors.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import {
  addCounts,
  NO_MEASURES,
  type PipelineRun,
  type RunLogLine,
  type RunMeasures,
  type RunState,
  starterOf,
} from '#domain/pipeline/run.ts';
import type { Span, Tracer } from '#domain/run/trace.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunHistory } from '../ports/run-history.ts';
import type { JobHandler, JobWork } from '../ports/task-queue.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { MemoryPeak, PeakMemory } from '../runs/peak-memory.ts';
import { runOf, traceParentOf } from './pipeline-runs.ts';
import type { CarriedRun } from './run-job.ts';
import type { RunProgress } from './run-progress.ts';
import { StageTimes } from './stage-times.ts';

export interface CarryOutPorts {
  readonly history: RunHistory;
  /** @throws DataForgeError `unknown_pipeline` */
  readonly pipelineOf: (name: string) => Promise<Pipeline>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** The text without secrets. */
  readonly redact: (text: string) => string;
  /** Moves the rows of the pipeline, or does its job. */
  readonly work: (run: CarriedRun, progress: RunProgress, signal: AbortSignal) => Promise<void>;
  /** The process that carries it out, and the settings that its speed hangs on there. */
  readonly instance: string;
  readonly settings: (pipeline: Pipeline) => Readonly<Record<string, unknown>>;
  readonly memory: PeakMemory;
  readonly tracer: Tracer;
  /** Told of each run that has ended. */
  readonly onEnd: (run: PipelineRun, pipeline: Pipeline) => Promise<void>;
}

const MOST_LINES = 200;
const LONGEST_TIMER = 2 ** 31 - 1;

type Draft = { -readonly [K in keyof PipelineRun]: PipelineRun[K] } & { log: RunLogLine[] };

/** Carries a run out as a job, from its beginning or from where a worker before broke off, and keeps what becomes of it. */
export function carryOutRun(ports: CarryOutPorts): JobHandler {
  return async (work) => {
    const asked = runOf(work.job);
    const pipeline = await ports.pipelineOf(asked.pipeline);
    const kept = await ports.history.get(asked.id);
    if (kept !== null && kept.endedAt !== null) return null;
    const begun = kept === null ? { ...asked, startedAt: ports.clock.now() } : withProgress(kept, work);
    await new Carrying(ports, work, pipeline, begun).end();
    return null;
  };
}

/** A run as the worker before has told of it last. */
function withProgress(run: PipelineRun, { job }: JobWork): PipelineRun {
  const { counts = run.counts, measures = run.measures } = (job.progress ?? {}) as Partial<PipelineRun>;
  return { ...run, counts, measures };
}

/** A run while it is carried out. */
class Carrying {
  readonly #ports: CarryOutPorts;
  readonly #work: JobWork;
  readonly #pipeline: Pipeline;
  readonly #run: Draft;
  readonly #before: RunMeasures;
  readonly #times: StageTimes;
  readonly #peak: MemoryPeak;
  readonly #span: Span;

  constructor(ports: CarryOutPorts, work: JobWork, pipeline: Pipeline, run: PipelineRun) {
    this.#ports = ports;
    this.#work = work;
    this.#pipeline = pipeline;
    this.#before = { ...NO_MEASURES, ...run.measures };
    this.#times = new StageTimes(this.#before.stages);
    this.#peak = ports.memory.begin();
    this.#span = ports.tracer.begin({
      name: 'pipeline run',
      kind: 'consumer',
      parent: traceParentOf(work.job),
      facts: {
        'data_forge.pipeline': run.pipeline,
        'data_forge.run': run.id,
        ...(run.dataset !== null && { 'data_forge.dataset': run.dataset }),
        'data_forge.caller': run.caller,
        ...workFacts(pipeline),
      },
      startedAt: null,
    });
    this.#run = { ...run, state: 'running', log: [...run.log] };
    this.#log(run.state === 'running' ? 'gone on with, after its worker had ended' : 'begun');
  }

  /** @throws DataForgeError what the run failed of, or `cancelled`; it is kept then, unless the run is given back */
  async end(): Promise<void> {
    const { history, work, telemetry } = this.#ports;
    const { signal } = this.#work;
    const late = new AbortController();
    const timeout = setTimeout(
      () => late.abort(tooLong(this.#pipeline)),
      Math.min(this.#pipeline.timeout, LONGEST_TIMER),
    );
    let failure: unknown = null;
    try {
      await history.put(this.#run);
      const { id: run, caller, window = null } = this.#run;
      await work(
        { pipeline: this.#pipeline, run, caller, window, startedBy: starterOf(this.#run) },
        this.#progress,
        AbortSignal.any([signal, late.signal]),
      );
      await this.#end('succeeded');
    } catch (error) {
      const known = asDataForgeError(error);
      failure = known;
      const { run } = this.#work.job.data;
      if (known.code === 'internal') telemetry.warn('a run failed inside', { run, err: known.cause ?? known });
      // Another worker goes on with it, and it is his to keep.
      if (known.code === 'version_moved') throw known;
      if (isGivenBack(signal)) {
        await this.#keep();
        throw known;
      }
      this.#run.error = { code: known.code, message: this.#ports.redact(known.message) };
      await this.#end(known.code === 'cancelled' ? 'cancelled' : 'failed');
      throw new DataForgeError(known.code, this.#run.error.message);
    } finally {
      clearTimeout(timeout);
      this.#peak.stop();
      this.#endSpan(failure);
    }
  }

  get #progress(): RunProgress {
    const run = this.#run;
    return {
      log: (message) => this.#log(message),
      times: this.#times,
      span: this.#span,
      stored: (state, part) => {
        run.counts = { ...state.counts, retries: run.counts.retries };
        run.part = part;
        this.#tell();
      },
      retried: () => {
        run.counts = addCounts(run.counts, { retries: 1 });
        this.#tell();
      },
    };
  }

  #endSpan(failure: unknown): void {
    const { counts, state } = this.#run;
    const facts = Object.entries(counts).map(([name, count]) => [`data_forge.${name}`, count] as const);
    this.#span.tell({ 'data_forge.state': state, ...Object.fromEntries(facts) });
    this.#span.end(failure);
  }

  /** What those who ask meanwhile are shown. */
  #tell(): void {
    this.#measure();
    const { counts, measures, part, log, startedAt } = this.#run;
    this.#work.progress({ counts, measures, part, log, startedAt });
  }

  #measure(): void {
    const { instance, settings } = this.#ports;
    const peakMemory = Math.max(this.#before.peakMemory ?? 0, this.#peak.bytes);
    this.#run.measures = {
      instance,
      settings: settings(this.#pipeline),
      stages: this.#times.stages,
      peakMemory,
    };
  }

  #log(message: string): void {
    const { log } = this.#run;
    log.push({ at: this.#ports.clock.now(), message: this.#ports.redact(message) });
    if (log.length > MOST_LINES) log.splice(1, log.length - MOST_LINES);
    this.#tell();
  }

  async #end(state: RunState): Promise<void> {
    const run = this.#run;
    run.state = state;
    run.endedAt = this.#ports.clock.now();
    if (state === 'succeeded') run.part = 1;
    this.#log(run.error === null ? state : `${state}: ${run.error.message}`);
    await this.#keep();
  }

  async #keep(): Promise<void> {
    const { history, onEnd, telemetry } = this.#ports;
    try {
      await history.put(this.#run);
      if (this.#run.endedAt !== null) await onEnd(this.#run, this.#pipeline);
    } catch (err) {
      telemetry.warn('the end of a run could not be kept', { run: this.#run.id, err });
    }
  }
}

function workFacts(pipeline: Pipeline): Readonly<Record<string, string>> {
  return pipeline.kind === 'rows'
    ? { 'data_forge.source': pipeline.source.kind }
    : { 'data_forge.job': pipeline.job.kind };
}

function isGivenBack({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof DataForgeError && reason.details.givenBack === true;
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
