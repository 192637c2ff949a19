import type { TimeBucket } from '../query/aggregation.ts';
import { microsecondsOf } from '../record/time.ts';
import type { Row, Value } from '../record/value.ts';
import type { ParametersOf } from './analysis.ts';
import type { Measure } from './measures.ts';

type Parameters = ParametersOf<'time_buckets'>;

/** The canonical timestamp of the bucket after another's. */
function nextBucket(bucket: string, every: TimeBucket): string {
  const time = new Date(bucket);
  switch (every) {
    case 'year':
      time.setUTCFullYear(time.getUTCFullYear() + 1);
      break;
    case 'quarter':
      time.setUTCMonth(time.getUTCMonth() + 3);
      break;
    case 'month':
      time.setUTCMonth(time.getUTCMonth() + 1);
      break;
    default:
      time.setTime(time.getTime() + UNITS[every]);
  }
  return `${time.toISOString().slice(0, 19)}Z`;
}

const UNITS = { week: 604_800_000, day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000 } as const;

/**
 * The result of `time_buckets` of the buckets that rows fall in: keys, the bucket as a canonical timestamp, measures, in
 * the order of the keys and then of time.
 */
export function fillBuckets(rows: readonly Row[], { every, by, measures, fill }: Parameters): Row[] {
  if (fill === 'none' || rows.length === 0) return [...rows];
  const at = by.length;
  const times = rows.map((row) => String(row[at]));
  const steps = stepsOf(least(times), most(times), every);
  const groups = Map.groupBy(rows, (row) =>
    JSON.stringify(row.slice(0, at), (_, value) => (typeof value === 'bigint' ? `${value}n` : value)),
  );
  return [...groups.values()].flatMap((group) => {
    const found = new Map(group.map((row) => [String(row[at]), row]));
    const keys = (group[0] as Row).slice(0, at);
    const columns = measures.map((measure, index) => {
      return filled(
        steps.map((step) => found.get(step)?.[at + 1 + index] ?? null),
        steps,
        measure,
        fill,
      );
    });
    return steps.map((step, place) => [...keys, step, ...columns.map((column) => column[place] ?? null)]);
  });
}

function least(times: readonly string[]): string {
  return times.reduce((first, time) => (time < first ? time : first));
}

function most(times: readonly string[]): string {
  return times.reduce((last, time) => (time > last ? time : last));
}

function stepsOf(first: string, last: string, every: TimeBucket): string[] {
  const steps: string[] = [];
  for (let step = first; step <= last; step = nextBucket(step, every)) steps.push(step);
  return steps;
}

function filled(
  values: readonly Value[],
  steps: readonly string[],
  { function: name, type }: Measure,
  fill: Parameters['fill'],
): readonly Value[] {
  if (name === 'count' || name === 'distinct') return values.map((value) => value ?? 0n);
  if (fill === 'previous') {
    let before: Value = null;
    return values.map((value) => {
      before = value ?? before;
      return before;
    });
  }
  if (type.name !== 'DOUBLE') return values;
  if (fill === 'zero') return values.map((value) => value ?? 0);
  return fill === 'linear' ? onLines(values as readonly (number | null)[], steps) : values;
}

/** Points on the straight lines, in time, between neighbours. */
function onLines(values: readonly (number | null)[], steps: readonly string[]): (number | null)[] {
  const lined = [...values];
  const time = (place: number) => Number(microsecondsOf(String(steps[place])));
  let before: number | null = null;
  for (const [place, value] of values.entries()) {
    if (value === null) continue;
    const from = before === null ? null : (values[before] ?? null);
    for (let gap = (before ?? place) + 1; gap < place && before !== null && from !== null; gap++) {
      lined[gap] = from + ((value - from) * (time(gap) - time(before))) / (time(place) - time(before));
    }
    before = place;
  }
  return lined;
}

/** How many buckets there are from one to another; the count of months is by the calendar. */
export function countBuckets(first: string, last: string, every: TimeBucket): number {
  const [from, to] = [new Date(first), new Date(last)];
  const months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
  switch (every) {
    case 'year':
      return to.getUTCFullYear() - from.getUTCFullYear() + 1;
    case 'quarter':
      return months / 3 + 1;
    case 'month':
      return months + 1;
    default:
      return (to.getTime() - from.getTime()) / UNITS[every] + 1;
  }
}
