type CommitListener = (head: number, datasets: ReadonlySet<string>) => void;

/** The highest number that is known to be visible, and those who want to know when it rises. */
export class PostgresHeads {
  #head = 0;
  readonly #listeners = new Set<CommitListener>();

  get head(): number {
    return this.#head;
  }

  /** Tells of a commit, of this instance or another; they may be told of in another order than they were made in. */
  tell(head: number, datasets: ReadonlySet<string>): void {
    this.#head = Math.max(head, this.#head);
    for (const listener of this.#listeners) listener(this.#head, datasets);
  }

  /** A number that a reader has seen. */
  see(head: number): void {
    this.#head = Math.max(head, this.#head);
  }

  subscribe(onCommit: CommitListener): () => void {
    this.#listeners.add(onCommit);
    return () => this.#listeners.delete(onCommit);
  }
}
