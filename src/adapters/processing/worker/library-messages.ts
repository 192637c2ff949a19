import type { Analysis } from '#domain/analysis/analysis.ts';
import type { AnalysisColumn } from '#domain/analysis/column.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';

/** What the thread of a library is asked: the analysis, then the rows, then the result. */
export type LibraryMessage =
  | {
      readonly kind: 'begin';
      readonly analysis: Analysis;
      readonly columns: readonly AnalysisColumn[];
      readonly others: readonly AnalysisColumn[];
    }
  | {
      readonly kind: 'rows';
      readonly table: 'input' | 'other';
      /** The columns that the analysis reads, in that order. */
      readonly batch: RecordBatch;
    }
  | { readonly kind: 'finish' }
  /** Before anything else: is the library there, and which one. */
  | { readonly kind: 'version' };

/** What it answers to `finish`. */
export interface LibraryAnswer {
  readonly columns: readonly ColumnSchema[];
  readonly batches: readonly RecordBatch[];
}
