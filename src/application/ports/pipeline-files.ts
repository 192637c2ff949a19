import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import type { WatchedFiles } from './described-files.ts';

/** Pipeline files in a folder. */
export interface PipelineFiles extends WatchedFiles {
  /**
   * Reads all of them, in the order of their file names.
   * @param datasets those there are, where it is known: what a source says of them is checked then
   * @throws DataForgeError `invalid_pipeline_file` with every fault of every file as `details.faults` (`FileFault`)
   */
  read(datasets?: readonly Dataset[]): Promise<readonly Pipeline[]>;
  /** The file that describes a pipeline, as it is; null where there is none. */
  fileOf(pipeline: string): Promise<PipelineFile | null>;
}

export interface PipelineFile {
  /** Its name in the folder. */
  readonly file: string;
  readonly text: string;
}
