import type { MeasureFunction } from '#domain/analysis/measures.ts';
import type { RawValue } from './column-forms.ts';

/** A measure by the name of its column in the library; null for the count of rows. */
export interface WireMeasure {
  readonly function: MeasureFunction;
  readonly wire: string | null;
}

/** Columns of a result, all of one length. */
export type RawColumns = readonly (readonly RawValue[])[];

export interface WindowPlan {
  readonly by: readonly string[];
  readonly orderBy: string;
  /** Breaks ties; null for the order in which rows came. */
  readonly identity: string | null;
  /** Rows of a window; null for all before. */
  readonly rows: number | null;
  readonly measures: readonly {
    readonly function: 'count' | 'sum' | 'mean' | 'min' | 'max' | 'sd';
    readonly wire: string;
  }[];
  readonly shown: readonly string[];
}

interface JoinPlan {
  readonly on: readonly { readonly left: string; readonly right: string }[];
  readonly how: 'inner' | 'left';
  readonly shown: readonly string[];
  readonly othersShown: readonly string[];
  readonly identity: string | null;
  readonly otherIdentity: string | null;
  readonly limit: number;
}

interface DeduplicatePlan {
  readonly on: readonly string[];
  readonly keep: 'first' | 'last';
  readonly orderBy: string | null;
  readonly identity: string | null;
  readonly shown: readonly string[];
}

/**
 * What a library is asked to do with tables of its own kind. Columns go by their wire names; values are those of the forms
 * (`column-forms.ts`). Orders are ascending, nulls last, texts by code point.
 */
export interface Library<T> {
  readonly version: string;
  open(arrow: Uint8Array): T;
  /** Keys, then measures; without keys one row. In any order. */
  group(table: T, keys: readonly string[], measures: readonly WireMeasure[]): Promise<RawColumns>;
  /** Type 7; null of no values. */
  quantiles(table: T, wire: string, probabilities: readonly number[]): readonly (number | null)[];
  /** Pearson's, over the rows where both have a value; anything that is no number where there is none. */
  correlation(table: T, left: string, right: string): number | null;
  /** The most frequent values and how often each is there, ties in order of the value. */
  top(table: T, wire: string, most: number): Promise<RawColumns>;
  /** How many values fall in each of equal bins from `least` to `most`. */
  bins(
    table: T,
    wire: string,
    range: { readonly least: number; readonly most: number; readonly bins: number },
  ): Promise<readonly number[]>;
  /** Σ|x − centre|'s median: the median absolute deviation; null of no values. */
  deviation(table: T, wire: string, centre: number): number | null;
  /** The rows whose value lies outside of the bounds: the value, then what is shown. */
  outside(
    table: T,
    wire: string,
    bounds: { readonly lower: number; readonly upper: number },
    shown: readonly string[],
  ): Promise<RawColumns>;
  /** What is shown, then the measures, in order of `by`, `orderBy` and the identity. */
  window(table: T, plan: WindowPlan): Promise<RawColumns>;
  /** What is shown of both, in order of both identities. */
  join(table: T, other: T, plan: JoinPlan): Promise<RawColumns>;
  /** What is shown, in order of `orderBy` and the identity. */
  deduplicate(table: T, plan: DeduplicatePlan): Promise<RawColumns>;
}
