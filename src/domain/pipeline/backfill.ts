/**
 * A span of values of the field by which a pipeline reads what is new: from `from` on, up to `to`, which is not in it. Texts
 * as the source writes the values.
 */
export interface BackfillWindow {
  readonly from: string;
  readonly to: string;
}
