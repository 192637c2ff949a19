import { bucketsOf } from '../query/aggregation.ts';
import type { FaultList } from '../query/faults.ts';
import type { AnalysisColumn } from './column.ts';

/** Adds a fault where a column cannot be gathered by a part of time. */
export function checkBucket(
  name: string,
  bucket: string | null,
  columns: readonly AnalysisColumn[],
  faults: FaultList,
  at: string,
): void {
  const found = columns.find((candidate) => candidate.name === name);
  const buckets: readonly string[] = found === undefined ? [] : bucketsOf(found.dbType);
  if (bucket === null || buckets.includes(bucket)) return;
  const may = buckets.length === 0 ? 'leave it out' : `it may be ${buckets.join(', ')}`;
  faults.add(at, `${name} cannot be gathered by ${bucket}; ${may}.`);
}
