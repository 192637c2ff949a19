import type { JobData, JobState } from '#domain/job/job.ts';

type Listener = (id: string, state: JobState, progress: JobData | null) => void;

/** Those who want to hear of jobs. */
export class JobListeners {
  readonly #listeners = new Set<Listener>();

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: Listener): () => void {
    // The same function may listen twice.
    const own: Listener = (...told) => listener(...told);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  tell(...told: Parameters<Listener>): void {
    for (const listener of this.#listeners) listener(...told);
  }
}
