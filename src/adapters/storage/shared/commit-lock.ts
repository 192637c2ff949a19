/** Lets one commit through at a time, in the order of arrival. */
export class CommitLock {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all before it have ended, however they ended. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work, work);
    this.#tail = result.catch(() => {});
    return result;
  }
}
