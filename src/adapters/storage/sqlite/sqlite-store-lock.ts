import { DatabaseSync } from 'node:sqlite';
import { translateOpenError } from './sqlite-errors.ts';

/**
 * Keeps a store to one process. The engine itself lets several open it; so a lock is held on a file beside it, one that
 * the operating system lets go of when the process ends, however it ends.
 */
export class StoreLock {
  readonly #database: DatabaseSync;

  /** @throws DataForgeError `store_locked` where another process has it */
  constructor(path: string) {
    try {
      this.#database = new DatabaseSync(`${path}.lock`, { timeout: 0 });
    } catch (error) {
      throw translateOpenError(error, path);
    }
    try {
      this.#database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      this.#database.close();
      throw translateOpenError(error, path);
    }
  }

  release(): void {
    this.#database.close();
  }
}
