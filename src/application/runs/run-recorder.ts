import { DataForgeError } from '#domain/errors.ts';
import type { WriteRequest } from '#domain/record/change.ts';
import {
  NO_FIGURES,
  type RunFigures,
  type RunKind,
  type RunRecord,
  type RunStages,
  type RunSurroundings,
} from '#domain/run/run-record.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { markAlive } from './live-instances.ts';
import type { PeakMemory } from './peak-memory.ts';
import { RECORDS_ORIGIN, recordChange } from './record-change.ts';

export interface RunRecorderOptions {
  readonly writer: RecordWriter;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly memory: PeakMemory;
  readonly surroundings: RunSurroundings;
}

/** What a run is about, known when it begins. */
export interface RunSubject {
  /** The id that the API knows it by; a new one where it has none. */
  readonly id?: string;
  readonly kind: RunKind;
  readonly name: string;
  readonly dataset: string;
  readonly caller: string;
  readonly processor: string | null;
  /** What it was asked for in particular; no secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What became of it. */
interface RunOutcome {
  /** What it failed of; null where it did not. */
  readonly error: unknown;
  readonly figures: Partial<RunFigures>;
  readonly stages: RunStages;
}

/** A run that has begun. It leaves no record unless something of it is told. */
export interface BegunRun {
  /** It goes on, perhaps for long. */
  tell(): void;
  end(outcome: RunOutcome): void;
  /** It was none. */
  discard(): void;
}

/** Between two commits. */
const FLUSH_EVERY = 1000;
const MOST_WAITING = 10_000;
const RECORDS_A_COMMIT = 1000;
/** How often an instance says that it still works on what it has recorded as running. */
const ALIVE_EVERY = 30_000;

/**
 * Records loads and analyses. Nobody waits for it: what is told within a second is written in one commit behind the
 * answers. A run that ends within that second is written once, as it ended.
 */
export class RunRecorder {
  readonly #options: RunRecorderOptions;
  readonly #alive: NodeJS.Timeout;
  /** What is to be written, by run. */
  readonly #waiting = new Map<string, RunRecord>();
  /** Runs that are recorded as running. */
  readonly #running = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
    this.#alive = setInterval(() => this.#stayAlive(), ALIVE_EVERY).unref();
  }

  begin(subject: RunSubject): BegunRun {
    const { clock, memory } = this.#options;
    const begun: RunRecord = this.#recordOf(subject, clock.now());
    const started = clock.elapsed();
    const peak = memory.begin();
    return {
      tell: () => this.keep(begun),
      discard: () => peak.stop(),
      end: ({ error, figures, stages }) => {
        const peakMemory = peak.bytes;
        peak.stop();
        this.keep({
          ...begun,
          ...stateOf(error),
          endedAt: begun.startedAt + clock.elapsed() - started,
          figures: { ...NO_FIGURES, ...figures },
          stages,
          peakMemory,
        });
      },
    };
  }

  /** Writes what waits. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#writeAll());
    return this.#flushing;
  }

  async close(): Promise<void> {
    clearInterval(this.#alive);
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.flush();
  }

  #recordOf({ id, settings, ...subject }: RunSubject, startedAt: number): RunRecord {
    const { surroundings } = this.#options;
    return {
      ...subject,
      id: id ?? crypto.randomUUID(),
      state: 'running',
      startedAt,
      endedAt: null,
      error: null,
      figures: NO_FIGURES,
      stages: {},
      peakMemory: null,
      startedBy: null,
      rolledBackAt: null,
      surroundings: { ...surroundings, settings: { ...surroundings.settings, ...settings } },
    };
  }

  /** Writes the record of a run, as it is by now, in the place of what was recorded of it before. */
  keep(run: RunRecord): void {
    if (this.#waiting.size >= MOST_WAITING && !this.#waiting.has(run.id)) {
      this.#failed(new Error(`more than ${MOST_WAITING} runs wait to be recorded`));
      return;
    }
    this.#waiting.set(run.id, run);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, FLUSH_EVERY).unref();
  }

  /** What is told meanwhile waits for its turn: otherwise one commit would follow the other. */
  async #writeAll(): Promise<void> {
    const told = [...this.#waiting.values()];
    for (let from = 0; from < told.length; from += RECORDS_A_COMMIT) {
      const runs = told.slice(from, from + RECORDS_A_COMMIT);
      try {
        await this.#write(runs);
      } catch (error) {
        // What is told next tries them again.
        this.#failed(error);
        return;
      }
      for (const run of runs) if (this.#waiting.get(run.id) === run) this.#waiting.delete(run.id);
    }
  }

  async #write(runs: readonly RunRecord[]): Promise<void> {
    const { writer, surroundings, clock } = this.#options;
    const requests: WriteRequest[] = runs.map((run) => {
      return { changes: [recordChange(run)], marks: [], origin: RECORDS_ORIGIN };
    });
    if (runs.some(({ state }) => state === 'running')) requests.push(markAlive(surroundings.instance, clock));
    const outcomes = await writer.commit(requests);
    const refused = outcomes.find((outcome) => !outcome.ok);
    if (refused?.ok === false) this.#failed(refused.error);
    else this.#hasFailed = false;
    for (const { id, state } of runs) {
      if (state === 'running') this.#running.add(id);
      else this.#running.delete(id);
    }
  }

  #stayAlive(): void {
    if (this.#running.size === 0) return;
    const { writer, surroundings, clock } = this.#options;
    writer.commit([markAlive(surroundings.instance, clock)]).catch((error: unknown) => this.#failed(error));
  }

  /** Said once, until it goes well again. */
  #failed(err: unknown): void {
    if (!this.#hasFailed) this.#options.telemetry.warn('runs are not recorded', { err });
    this.#hasFailed = true;
  }
}

function stateOf(error: unknown): Pick<RunRecord, 'state' | 'error'> {
  if (error === null) return { state: 'succeeded', error: null };
  const { code, message } =
    error instanceof DataForgeError ? error : { code: 'internal' as const, message: 'It failed inside; see the log.' };
  return { state: code === 'cancelled' ? 'cancelled' : 'failed', error: { code, message } };
}
