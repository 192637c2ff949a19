import { DataForgeError } from '../errors.ts';

/** Buckets, those of all keys together, that one analysis may have. */
const MAX_BUCKETS = 5_000_000;

/** Of a series that is smoothed, which has to be held in memory. */
export const MAX_SERIES = 100_000;

/** @throws DataForgeError `too_large` where the time is too long for the bucket */
export function checkBucketCount(count: number, every: string, most = MAX_BUCKETS): void {
  if (count <= most) return;
  throw new DataForgeError(
    'too_large',
    `By ${every} there are ${count} buckets, more than ${most}; take a longer part of time, or narrow the filters.`,
    { details: { limit: most } },
  );
}
