const SAMPLE_EVERY = 250;

/** The most memory there was since somebody began to watch. */
export interface MemoryPeak {
  readonly bytes: number;
  stop(): void;
}

/** Samples the memory of this process while somebody wants to know its peak. */
export class PeakMemory {
  readonly #read: () => number;
  readonly #watched = new Set<{ peak: number }>();
  #timer: NodeJS.Timeout | null = null;

  /** @param read the memory that the process has now, in bytes */
  constructor(read: () => number) {
    this.#read = read;
  }

  begin(): MemoryPeak {
    const watched = { peak: this.#read() };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.#sample(), SAMPLE_EVERY).unref();
    const now = () => Math.max(watched.peak, this.#read());
    return {
      get bytes() {
        watched.peak = now();
        return watched.peak;
      },
      stop: () => this.#stop(watched),
    };
  }

  #stop(watched: { peak: number }): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #sample(): void {
    const bytes = this.#read();
    for (const watched of this.#watched) watched.peak = Math.max(watched.peak, bytes);
  }
}
