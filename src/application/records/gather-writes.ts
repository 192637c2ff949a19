import { DataForgeError } from '#domain/errors.ts';
import type { ChangeResult, WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import type { Observation } from '../observe.ts';
import type { RecordWriter } from '../ports/record-writer.ts';

export interface GatherWritesOptions {
  /** Changes in one commit; a request with more goes alone. */
  readonly maxChanges: number;
  /** Requests that may wait. */
  readonly maxWaiting: number;
}

interface PendingWrite {
  readonly request: WriteRequest;
  readonly observation: Observation;
  readonly asked: number;
  readonly resolve: (results: readonly ChangeResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one durable commit of the small writes that come while the one before is under way. A lone writer waits for
 * nobody: his commit starts at once.
 */
export class WriteGatherer {
  readonly #writer: RecordWriter;
  readonly #options: GatherWritesOptions;
  #waiting: PendingWrite[] = [];
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(writer: RecordWriter, options: GatherWritesOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** @returns the results of the request's changes, in order, once they are on disk */
  submit(request: WriteRequest, observation: Observation): Promise<readonly ChangeResult[]> {
    if (this.#waiting.length >= this.#options.maxWaiting) {
      return Promise.reject(
        new DataForgeError('too_many_requests', 'Too many writes wait already; send this one again in a moment.', {
          retryable: true,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, observation, asked: performance.now(), resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when nothing waits or runs. */
  drained(): Promise<void> {
    if (!this.#scheduled) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Lets the requests that the same turn of the event loop brings come in first. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  /** The next commit is given to the engine before the answers of the last are told, so that both go on together. */
  async #run(): Promise<void> {
    let tell = () => {};
    while (this.#waiting.length > 0) {
      const commit = this.#commit(this.#take());
      setImmediate(tell);
      tell = await commit;
    }
    tell();
    this.#scheduled = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #take(): PendingWrite[] {
    let changes = 0;
    let count = 0;
    for (const { request } of this.#waiting) {
      changes += Math.max(1, request.changes.length);
      if (count > 0 && changes > this.#options.maxChanges) break;
      count++;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return batch;
  }

  /** @returns what tells those who wait how their writes ended */
  async #commit(batch: readonly PendingWrite[]): Promise<() => void> {
    const started = performance.now();
    let outcomes: readonly WriteOutcome[];
    try {
      outcomes = await this.#writer.commit(batch.map((pending) => pending.request));
    } catch (error) {
      return () => {
        for (const pending of batch) pending.reject(error);
      };
    }
    const took = performance.now() - started;
    return () =>
      batch.forEach((pending, index) => {
        pending.observation.add('queue', started - pending.asked);
        pending.observation.add('engine', took);
        const outcome = outcomes[index];
        if (outcome?.ok) pending.resolve(outcome.results);
        else pending.reject(outcome?.error ?? new Error('the writer gave no outcome for a request'));
      });
  }
}
