/** One measured figure and the limit it is held against, both of the same run. */
export interface Measurement {
  readonly work: string;
  /** What was measured, in `unit`. */
  readonly value: number;
  readonly unit: string;
  /** The limit's figure in the same unit; null where the row is only printed. */
  readonly limit: number | null;
  /** What the limit is. */
  readonly against: string;
  /** Ours over the limit for rates, the limit over ours for times and sizes: larger is better. */
  readonly ratio: number | null;
  /** The least ratio that is asked for; null where the row is only printed. */
  readonly least: number | null;
  readonly note?: string;
}

/** A rate: more is better. */
export function rate(
  work: string,
  value: number,
  unit: string,
  limit: number,
  against: string,
  least: number | null,
): Measurement {
  return { work, value, unit, limit, against, ratio: value / limit, least };
}

/** A time or a size: less is better. */
export function cost(
  work: string,
  value: number,
  unit: string,
  limit: number,
  against: string,
  least: number | null,
): Measurement {
  return { work, value, unit, limit, against, ratio: limit / value, least };
}

/** A figure with nothing beside it. */
export function figure(work: string, value: number, unit: string, note?: string): Measurement {
  return { work, value, unit, limit: null, against: '', ratio: null, least: null, ...(note ? { note } : {}) };
}

/** Whether a row that asks for a least ratio reaches it. */
export function falls(measurement: Measurement): boolean {
  return measurement.least !== null && measurement.ratio !== null && measurement.ratio < measurement.least;
}

/** The rows as a table of text. */
export function formatTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map((row) => [
    row.work,
    `${format(row.value)} ${row.unit}`,
    row.limit === null ? '' : `${format(row.limit)} ${row.unit}`,
    row.against,
    row.ratio === null ? '' : row.ratio.toFixed(2),
    row.least === null ? '' : `${row.least}`,
    falls(row) ? 'short' : (row.note ?? ''),
  ]);
  const table = [['work', 'ours', 'limit', 'the limit is', 'ratio', 'least', ''], ...rows];
  const widths = table[0]?.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0))) ?? [];
  return table
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function format(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
