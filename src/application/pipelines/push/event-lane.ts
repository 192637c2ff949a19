import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataForgeError } from '#domain/errors.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import { PushRun, type PushRunPorts } from './push-run.ts';
import type { PushedEvent, TakenEvents } from './pushed-event.ts';

export interface LanePorts extends PushRunPorts {
  /** Whether a person holds the pipeline. */
  readonly isHeld: (pipeline: string) => Promise<boolean>;
  /** About how many bytes of events are stored together. */
  readonly batchBytes: number;
}

interface Request {
  readonly pipeline: RowPipeline;
  readonly events: readonly PushedEvent[];
  readonly resolve: (taken: TakenEvents) => void;
  readonly reject: (error: unknown) => void;
}

/** Events are looked up and remembered one by one, so that a batch does not have any number of them. */
const MOST_EVENTS = 1000;
/** What is the fault of the events themselves, and may be that of one among many. */
const FAULTS = ['invalid_value', 'invalid_body', 'invalid_sql', 'key_exists'];

/** The requests of one pipeline: what comes while a batch is stored is the next batch. */
export class EventLane {
  readonly #ports: LanePorts;
  readonly #run: PushRun;
  #waiting: Request[] = [];
  #isWorking = false;
  #idle: (() => void)[] = [];

  constructor(ports: LanePorts) {
    this.#ports = ports;
    this.#run = new PushRun(ports);
  }

  take(pipeline: RowPipeline, events: readonly PushedEvent[]): Promise<TakenEvents> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pipeline, events, resolve, reject });
      if (!this.#isWorking) void this.#work();
    });
  }

  drained(): Promise<void> {
    if (!this.#isWorking) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    // Those that the same turn of the event loop brings come in first.
    await nextTurn();
    while (this.#waiting.length > 0) await this.#settle(this.#nextBatch());
    this.#isWorking = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #nextBatch(): readonly Request[] {
    const [first] = this.#waiting;
    let [count, events, bytes] = [0, 0, 0];
    for (const request of this.#waiting) {
      events += request.events.length;
      bytes += request.events.reduce((sum, { rows }) => sum + rows.length, 0);
      const isTooMuch = events > MOST_EVENTS || bytes > this.#ports.batchBytes;
      if (count > 0 && (isTooMuch || request.pipeline !== first?.pipeline)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Stores requests together; where some of them do not fit, the others apart from those. */
  async #settle(requests: readonly Request[]): Promise<void> {
    try {
      const taken = await this.#store(requests);
      requests.forEach(({ events, resolve }) => {
        const stored = events.filter((event) => taken.has(event)).length;
        resolve({ stored, repeated: events.length - stored });
      });
    } catch (error) {
      if (requests.length === 1 || !isFaultOfEvents(error)) {
        for (const { reject } of requests) reject(error);
        return;
      }
      const half = Math.ceil(requests.length / 2);
      await this.#settle(requests.slice(0, half));
      await this.#settle(requests.slice(half));
    }
  }

  /** @returns the events that were not there yet */
  async #store(requests: readonly Request[]): Promise<ReadonlySet<PushedEvent>> {
    const [first] = requests;
    if (first === undefined) return new Set();
    const { pipeline } = first;
    if (await this.#ports.isHeld(pipeline.name)) {
      const message = `Pipeline "${pipeline.name}" takes no events until it is resumed; send these again later.`;
      throw new DataForgeError('unavailable', message, { retryable: true });
    }
    return this.#run.store(
      pipeline,
      requests.flatMap(({ events }) => events),
    );
  }
}

function isFaultOfEvents(error: unknown): boolean {
  return error instanceof DataForgeError && FAULTS.includes(error.code);
}
