import type { PropertyType } from '#domain/dataset/db-type.ts';
import type { SourceRows } from './source.ts';

/** What rows were found to have. */
export interface SampleFindings {
  readonly columns: readonly SampleColumn[];
  /** The column whose value is another in every row and that is called as keys are; null where there is no sure one. */
  readonly key: string | null;
  /** What a column of JSON holds; null where no row told. */
  shapeOf(column: string): 'array' | 'object' | null;
  /** null where they were not counted. */
  readonly rows: number | null;
}

export interface SampleColumn {
  readonly name: string;
  /** What a JSON column holds; follows from `dbType` for all others. */
  readonly type?: PropertyType;
  /** In the notation of dataset files. */
  readonly dbType: string;
}

/** Looks at rows of which nothing is known. */
export interface SampleReader {
  /**
   * @param bodies rows of one source, all of which are read
   * @throws DataForgeError `invalid_body`
   */
  read(bodies: AsyncIterable<SourceRows>): Promise<SampleFindings>;
}
