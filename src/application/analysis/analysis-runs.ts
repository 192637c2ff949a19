import { DataForgeError } from '#domain/errors.ts';
import { type RecordBatch, sizeOfColumns } from '#domain/record/batch.ts';
import type { RunFigures } from '#domain/run/run-record.ts';
import { NEVER } from '../call.ts';
import type { AdmissionGate } from '../ports/admission-gate.ts';
import type { Clock } from '../ports/clock.ts';
import type { ComputedTable } from '../ports/processor.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { RunRecorder, RunSubject } from '../runs/run-recorder.ts';
import { abortError, withTimeLimit } from '../time-limit.ts';
import type { AnalysisLogLine, AnalysisResult, AnalysisRun, AnalysisSubject } from './analysis-run.ts';

export interface AnalysisRunsOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Keeps what became of each. */
  readonly recorder: Pick<RunRecorder, 'begin'>;
  /** Analyses at once; others are queued. */
  readonly gate: AdmissionGate;
  /** Milliseconds one may take, from when it begins. */
  readonly timeout: number;
  /** Bytes of one result, and of all results that are kept. */
  readonly maxResultBytes: number;
  readonly maxKeptBytes: number;
  /** Finished analyses that are kept; the oldest goes first. */
  readonly maxKept: number;
  /** Fires when the server is told to stop: nobody waits any longer. */
  readonly stopping: AbortSignal;
}

/** What an analysis tells of itself while it works. */
export interface AnalysisProgress {
  log(message: string): void;
  rowsRead(rows: number): void;
  /** So many milliseconds were waited for rows. */
  waited(milliseconds: number): void;
  /** Which part of the step under way is done. */
  part(done: number): void;
}

/** The work of an analysis. */
export type AnalysisWork = (signal: AbortSignal, progress: AnalysisProgress) => Promise<ComputedTable>;

type Draft = { -readonly [K in keyof AnalysisRun]: AnalysisRun[K] };

interface Entry {
  readonly run: Draft & { log: AnalysisLogLine[] };
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

/** The analyses under way and those whose results are kept, the newest last. */
export class AnalysisRuns {
  readonly #options: AnalysisRunsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: AnalysisRunsOptions) {
    this.#options = options;
  }

  /** How many are under way, those that wait included. */
  get running(): number {
    return [...this.#entries.values()].filter(({ run }) => run.endedAt === null).length;
  }

  /** Bytes of the results that are kept. */
  get keptBytes(): number {
    return [...this.#entries.values()].reduce((sum, { run }) => sum + (run.result?.bytes ?? 0), 0);
  }

  list(): readonly AnalysisRun[] {
    return [...this.#entries.values()].map(({ run }) => run);
  }

  /** @throws DataForgeError `unknown_analysis` */
  get(id: string): AnalysisRun {
    return this.#entry(id).run;
  }

  /** A kept result of the same question; it becomes the last to be forgotten. */
  findDone(key: string): AnalysisRun | null {
    for (const [id, entry] of this.#entries) {
      if (entry.run.key !== key || entry.run.state !== 'done') continue;
      this.#entries.delete(id);
      this.#entries.set(id, entry);
      return entry.run;
    }
    return null;
  }

  start(subject: AnalysisSubject, work: AnalysisWork): AnalysisRun {
    const id = crypto.randomUUID();
    const run: Entry['run'] = {
      ...subject,
      id,
      state: 'queued',
      createdAt: this.#options.clock.now(),
      startedAt: null,
      endedAt: null,
      rowsRead: 0,
      rowsOut: 0,
      part: null,
      log: [],
      result: null,
      error: null,
    };
    const controller = new AbortController();
    this.#entries.set(id, { run, controller, ended: this.#carryOut(run, controller.signal, work) });
    return run;
  }

  /**
   * Waits until an analysis has ended, so many milliseconds are over, or the server stops; throws where the signal fires.
   * @param milliseconds null: as long as it takes, also while the server stops
   */
  async settled(id: string, milliseconds: number | null, signal: AbortSignal): Promise<void> {
    const { ended } = this.#entry(id);
    const stopping = milliseconds === null ? NEVER : this.#options.stopping;
    const waited = Promise.withResolvers<void>();
    const timer = milliseconds === null ? undefined : setTimeout(waited.resolve, milliseconds);
    const onAbort = () => waited.reject(abortError(signal));
    const onStop = () => waited.resolve();
    if (signal.aborted) onAbort();
    if (stopping.aborted) onStop();
    signal.addEventListener('abort', onAbort, { once: true });
    stopping.addEventListener('abort', onStop, { once: true });
    try {
      await Promise.race([ended, waited.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      stopping.removeEventListener('abort', onStop);
    }
  }

  /** Ends an analysis that is under way, wherever it is; one that has ended is forgotten with its result. */
  async cancel(id: string): Promise<AnalysisRun> {
    const { run, controller, ended } = this.#entry(id);
    if (run.endedAt !== null) {
      this.#entries.delete(id);
      return run;
    }
    controller.abort(new DataForgeError('cancelled', 'The analysis was cancelled.'));
    await ended;
    return run;
  }

  async close(): Promise<void> {
    for (const { controller } of this.#entries.values()) {
      controller.abort(new DataForgeError('unavailable', 'The server is stopping.', { retryable: true }));
    }
    await Promise.all([...this.#entries.values()].map(({ ended }) => ended));
    this.#entries.clear();
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new DataForgeError(
      'unknown_analysis',
      `There is no analysis "${id.slice(0, 100)}"; results are kept until newer ones need the place, and not over a restart.`,
    );
  }

  async #carryOut(run: Entry['run'], outer: AbortSignal, work: AnalysisWork): Promise<void> {
    const { clock, gate, timeout } = this.#options;
    const log = (message: string) => run.log.push({ at: clock.now(), message });
    const recorded = this.#options.recorder.begin(recordSubject(run));
    const asked = clock.elapsed();
    let queued: number | null = null;
    let waited = 0;
    const progress: AnalysisProgress = {
      log,
      rowsRead: (rows) => {
        run.rowsRead += rows;
      },
      waited: (milliseconds) => {
        waited += milliseconds;
      },
      part: (done) => {
        run.part = done;
      },
    };
    log(`${run.operation} of ${run.dataset} is queued for ${run.processor}`);
    try {
      const result = await gate.run(outer, () => {
        run.state = 'running';
        run.startedAt = clock.now();
        queued = clock.elapsed() - asked;
        recorded.tell();
        log('begun');
        return withTimeLimit(outer, timeout, async (signal) => this.#collect(run, await work(signal, progress)));
      });
      this.#makeRoom(result.bytes);
      run.result = result;
      run.state = 'done';
      log(`done: ${result.rows} rows, ${result.bytes} bytes`);
    } catch (error) {
      run.error = asDataForgeError(error);
      if (run.error.code === 'internal') this.#warn(run, run.error);
      run.state = run.error.code === 'cancelled' ? 'cancelled' : 'failed';
      log(`${run.state}: ${run.error.message}`);
    } finally {
      run.endedAt = clock.now();
      run.part = run.state === 'done' ? 1 : run.part;
      this.#makeRoom(0);
      const isRefused = run.startedAt === null && run.error?.code === 'too_many_requests';
      const queue = queued ?? clock.elapsed() - asked;
      const stages = { queue, source: waited, compute: clock.elapsed() - asked - queue - waited };
      if (isRefused) recorded.discard();
      else recorded.end({ error: run.error, figures: figuresOf(run), stages });
    }
  }

  /** Of a job nobody waits for, nobody else would tell. */
  #warn({ id, dataset, operation, processor }: AnalysisRun, error: DataForgeError): void {
    const facts = { id, dataset, operation, processor, err: error.cause ?? error };
    this.#options.telemetry.warn('an analysis failed inside', facts);
  }

  async #collect(run: Entry['run'], { columns, batches }: ComputedTable): Promise<AnalysisResult> {
    const { maxResultBytes } = this.#options;
    const held: RecordBatch[] = [];
    let bytes = 0;
    for await (const batch of batches) {
      bytes += sizeOfColumns(batch.columns);
      if (bytes > maxResultBytes) throw tooLarge(maxResultBytes);
      held.push(batch);
      run.rowsOut += batch.length;
    }
    return { columns, batches: held, rows: run.rowsOut, bytes };
  }

  /** Forgets the oldest of those that have ended until so many bytes more may be kept. */
  #makeRoom(bytes: number): void {
    const { maxKept, maxKeptBytes } = this.#options;
    const ended = [...this.#entries].filter(([, { run }]) => run.endedAt !== null);
    let kept = this.keptBytes + bytes;
    let count = ended.length;
    for (const [id, { run }] of ended) {
      if (kept <= maxKeptBytes && count <= maxKept) return;
      kept -= run.result?.bytes ?? 0;
      count--;
      this.#entries.delete(id);
    }
  }
}

function recordSubject({ id, operation, dataset, caller, processor, parameters }: AnalysisRun): RunSubject {
  return { id, kind: 'analysis', name: operation, dataset, caller, processor, settings: { parameters } };
}

/** Rows that were computed where they lie were counted by nobody. */
function figuresOf({ rowsRead, rowsOut, result }: AnalysisRun): Partial<RunFigures> {
  return { rowsRead: rowsRead === 0 ? null : rowsRead, rowsWritten: rowsOut, bytes: result?.bytes ?? null };
}

function asDataForgeError(error: unknown): DataForgeError {
  if (error instanceof DataForgeError) return error;
  return new DataForgeError('internal', 'The analysis failed inside; the log of the server has more.', {
    cause: error,
  });
}

function tooLarge(limit: number): DataForgeError {
  return new DataForgeError(
    'too_large',
    `The result has more than ${limit} bytes; narrow the filters, ask for fewer columns, or raise ANALYSIS_MAX_RESULT.`,
    { details: { limit } },
  );
}
