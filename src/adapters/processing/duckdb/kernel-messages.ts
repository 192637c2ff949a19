import type { SmoothingOptions } from '#domain/analysis/exponential-smoothing.ts';
import type { LinearFit } from '#domain/analysis/least-squares.ts';

/** What the thread for the computations that SQL has no words for is asked. */
export type KernelMessage =
  | { readonly kind: 'begin-regression'; readonly columns: number; readonly intercept: boolean }
  /** Rows of the regression that began; each column has as many values as `y`. */
  | { readonly kind: 'add-rows'; readonly y: Float64Array; readonly columns: readonly Float64Array[] }
  | { readonly kind: 'finish-regression' }
  | { readonly kind: 'smooth'; readonly values: Float64Array; readonly options: SmoothingOptions };

/** What it answers to `finish-regression`. */
export type RegressionAnswer = LinearFit;
