import type { Dataset } from '#domain/dataset/dataset.ts';

/** Where the descriptions of datasets come from. */
export interface DatasetSource {
  /**
   * Reads all of them.
   * @throws DataForgeError `invalid_dataset_file` with every fault of every file
   */
  read(): Promise<readonly Dataset[]>;
}
