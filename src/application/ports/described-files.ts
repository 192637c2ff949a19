/** Something wrong in a file that describes something; line and column count from 1 and are null where the place is not known. */
export interface FileFault {
  /** The name of the file in its folder. */
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** JSON Pointer to the member. */
  readonly pointer: string;
  readonly message: string;
}

/** Files in a folder, which people edit while the server runs. */
export interface WatchedFiles {
  /** Calls back shortly after files were changed, added or removed; returns how to stop that. */
  watch(onChange: () => void): () => void;
}
