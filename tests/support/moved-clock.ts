import { existsSync, globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

const [LIBRARY] = globSync(['/usr/lib/*/faketime/libfaketime.so.1', '/usr/lib/faketime/libfaketime.so.1']);

/** Why the clock of a process cannot be moved here; null where it can. */
export const CLOCK_STANDS: string | null =
  LIBRARY !== undefined && existsSync(LIBRARY) ? null : 'libfaketime is not installed';

/** The clock on the wall of processes that are started with `env`; what they measure spans of time by is left alone. */
export class MovedClock {
  readonly #file: string;

  /** @param file is made, and read by the processes each time they look at the clock */
  constructor(file: string) {
    this.#file = file;
  }

  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: LIBRARY ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** @param seconds beside the true time */
  async set(seconds: number): Promise<void> {
    await writeFile(this.#file, `${seconds < 0 ? '' : '+'}${seconds}`);
  }
}
