export interface StoreHealth {
  readonly ok: boolean;
  /** One sentence where not ok. */
  readonly problem: string | null;
  readonly engine: string;
  readonly engineVersion: string;
  readonly head: number;
  readonly bytes: number;
}

export interface Maintenance {
  health(): Promise<StoreHealth>;
  /** Writes a consistent copy of the store to a new file while the store is in use. Throws where the file exists. */
  backup(to: string): Promise<void>;
  /**
   * Forgets former versions that ceased to be true before a canonical timestamp; what stands is never touched. The
   * changes feed refuses to be read from before what was forgotten.
   * @param dataset the only one to forget of; all where none is named
   */
  trimHistory(before: string, dataset?: string): Promise<void>;
  /** Gives space back and folds the log into the store. */
  compact(): Promise<void>;
  /** Waits for what runs, then closes; nothing may be called afterwards. */
  close(): Promise<void>;
}
