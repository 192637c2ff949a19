import { DataForgeError } from '#domain/errors.ts';
import type { Observation } from '../observe.ts';
import type { AdmissionGate } from '../ports/admission-gate.ts';
import { abortError } from '../time-limit.ts';

interface Waiting {
  readonly start: () => void;
}

/** A fair semaphore with a bounded line. */
export class AdmissionQueue implements AdmissionGate {
  readonly #places: number;
  readonly #maxWaiting: number;
  readonly #line = new Set<Waiting>();
  #running = 0;

  constructor(options: { readonly places: number; readonly maxWaiting: number }) {
    this.#places = options.places;
    this.#maxWaiting = options.maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#line.size;
  }

  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(signal: AbortSignal): Promise<void> | void {
    if (signal.aborted) return Promise.reject(abortError(signal));
    if (this.#running < this.#places) {
      this.#running++;
      return;
    }
    if (this.#line.size >= this.#maxWaiting) {
      return Promise.reject(
        new DataForgeError('too_many_requests', 'Too many queries wait already; send this one again in a moment.', {
          retryable: true,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#line.delete(waiting);
        reject(abortError(signal));
      };
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#line.add(waiting);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Hands the place to the first in line, so that nobody who comes later can take it. */
  #leave(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#line.delete(next);
    next.start();
  }
}

/** Runs an engine call behind the gate and notes how long it waited and how long it ran. */
export async function runGated<T>(
  gate: AdmissionGate,
  signal: AbortSignal,
  observation: Observation,
  work: () => Promise<T>,
): Promise<T> {
  const asked = performance.now();
  return gate.run(signal, () => {
    observation.add('queue', performance.now() - asked);
    return observation.timeAsync('engine', work);
  });
}
