import type { JobData } from '#domain/job/job.ts';

/** What an attempt says on its way. */
export interface Told {
  readonly progress: JobData | null;
  readonly lines: readonly string[];
}

/** Words of a job are written down together, so often. */
const TELL_EVERY_MS = 200;

/** What a job says, gathered for a moment. */
export class Words {
  readonly #write: (told: Told) => Promise<void>;
  #progress: JobData | null = null;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (told: Told) => Promise<void>) {
    this.#write = write;
  }

  progress(data: JobData): void {
    this.#progress = data;
    this.#later();
  }

  log(line: string): void {
    this.#lines.push(line);
    this.#later();
  }

  take(): Told {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const told = { progress: this.#progress, lines: this.#lines };
    this.#progress = null;
    this.#lines = [];
    return told;
  }

  /** Writes down what has been said since. */
  async write(): Promise<void> {
    const told = this.take();
    if (told.progress !== null || told.lines.length > 0) await this.#write(told).catch(() => {});
  }

  #later(): void {
    this.#timer ??= setTimeout(() => void this.write(), TELL_EVERY_MS);
  }
}
