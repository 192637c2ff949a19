import type { Dataset } from '#domain/dataset/dataset.ts';
import type { SourceRows } from './source.ts';

/** Lets a dataset grow with the rows that come for it. Its file stays the one place that says what it is. */
export interface DatasetGrowth {
  /**
   * Adds a property to the file of a dataset for each column of rows that it has none for, of a type that takes every
   * value of theirs.
   * @returns the names of the new properties; none where the rows bring nothing new
   * @throws DataForgeError `incompatible_schema` where the file cannot be written by a program
   */
  grow(dataset: Dataset, rows: SourceRows): Promise<readonly string[]>;
}
