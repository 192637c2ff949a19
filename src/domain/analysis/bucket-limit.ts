import { DataForgeError } from '../errors.ts';

/** Buckets, those of all keys together, that one analysis may have. */
const MAX_BUCKETS = 5_000_000;

/** @throws DataForgeError `too_large` where the time is too long for the bucket */
export function checkBucketCount(count: number, every: string): void {
  if (count <= MAX_BUCKETS) return;
  throw new DataForgeError(
    'too_large',
    `By ${every} there are ${count} buckets, more than ${MAX_BUCKETS}; take a longer part of time, or narrow the filters.`,
    { details: { limit: MAX_BUCKETS } },
  );
}
