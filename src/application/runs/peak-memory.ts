const SAMPLE_EVERY = 250;
/** To ask the system takes longer than many a run: what it said so many milliseconds ago will do. */
const STILL_NEW = 50;

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
  #last = { at: Number.NEGATIVE_INFINITY, bytes: 0 };

  /** @param read the memory that the process has now, in bytes */
  constructor(read: () => number) {
    this.#read = read;
  }

  begin(): MemoryPeak {
    const watched = { peak: this.#sample() };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.#sample(), SAMPLE_EVERY).unref();
    const sample = () => this.#sample();
    return {
      get bytes() {
        sample();
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

  /** @returns the memory there is now */
  #sample(): number {
    const time = performance.now();
    if (time - this.#last.at >= STILL_NEW) this.#last = { at: time, bytes: this.#read() };
    const { bytes } = this.#last;
    for (const watched of this.#watched) watched.peak = Math.max(watched.peak, bytes);
    return bytes;
  }
}
