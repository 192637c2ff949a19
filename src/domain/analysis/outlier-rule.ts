import type { ParametersOf } from './analysis.ts';
import { MAD_OF_NORMAL, OUTLIER_THRESHOLDS } from './operations/outliers.ts';

/** What a column's values are judged by: those between `low` and `high` have the score 0. */
export interface OutlierRule {
  readonly low: number;
  readonly high: number;
  /** Length of one unit of the score. */
  readonly scale: number;
  /** A value is an outlier where its score is further from 0. */
  readonly threshold: number;
  /** The least and most value that is none. */
  readonly lower: number;
  readonly upper: number;
}

/** What is known of a column, as far as a method asks for it; null where it has no values. */
export type OutlierFacts =
  | { readonly method: 'z'; readonly mean: number | null; readonly sd: number | null }
  | { readonly method: 'iqr'; readonly q1: number | null; readonly q3: number | null }
  | { readonly method: 'mad'; readonly median: number | null; readonly mad: number | null };

/** The rule of a column; null where it has no spread. */
export function outlierRule(facts: OutlierFacts, asked: ParametersOf<'outliers'>['threshold']): OutlierRule | null {
  const [low, high, scale] = measuresOf(facts);
  if (low === null || high === null || scale === null || !(scale > 0)) return null;
  const threshold = asked ?? OUTLIER_THRESHOLDS[facts.method];
  return { low, high, scale, threshold, lower: low - threshold * scale, upper: high + threshold * scale };
}

function measuresOf(facts: OutlierFacts): readonly [number | null, number | null, number | null] {
  switch (facts.method) {
    case 'z':
      return [facts.mean, facts.mean, facts.sd];
    case 'iqr':
      return [facts.q1, facts.q3, facts.q1 === null || facts.q3 === null ? null : facts.q3 - facts.q1];
    case 'mad':
      return [facts.median, facts.median, facts.mad === null ? null : facts.mad / MAD_OF_NORMAL];
  }
}
