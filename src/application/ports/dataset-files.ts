import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DatasetSource } from './dataset-source.ts';

/** What a folder of dataset files holds at one moment. */
export interface DatasetFileSet {
  /** In the order of their file names. */
  readonly datasets: readonly Dataset[];
  /** Differs where a byte of a file, or the name of one, differs. */
  readonly hash: string;
}

/** Dataset files in a folder, which people edit while the server runs. */
export interface DatasetFiles extends DatasetSource {
  /** @throws DataForgeError `invalid_dataset_file` with every fault of every file as `details.faults` (`FileFault`) */
  load(): Promise<DatasetFileSet>;
  /** Calls back shortly after files were changed, added or removed; returns how to stop that. */
  watch(onChange: () => void): () => void;
}

/** Something wrong in a dataset file; line and column count from 1 and are null where the place is not known. */
export interface FileFault {
  /** The name of the file in its folder. */
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** JSON Pointer to the member. */
  readonly pointer: string;
  readonly message: string;
}
