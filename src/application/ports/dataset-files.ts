import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DatasetSource } from './dataset-source.ts';
import type { WatchedFiles } from './described-files.ts';

/** What a folder of dataset files holds at one moment. */
export interface DatasetFileSet {
  /** In the order of their file names. */
  readonly datasets: readonly Dataset[];
  /** Differs where a byte of a file, or the name of one, differs. */
  readonly hash: string;
}

/** Dataset files in a folder. */
export interface DatasetFiles extends DatasetSource, WatchedFiles {
  /** @throws DataForgeError `invalid_dataset_file` with every fault of every file as `details.faults` (`FileFault`) */
  load(): Promise<DatasetFileSet>;
}
