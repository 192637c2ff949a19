import type { Dataset } from '#domain/dataset/dataset.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { Target } from '#domain/pipeline/target.ts';
import type { ConflictPolicy } from '#domain/record/change.ts';

/** A row that means a record takes its place, but where every row is one of its own; a backfill then leaves those that are there. */
export function conflictPolicy(
  { primaryKey }: Dataset,
  { mode }: Target,
  window: BackfillWindow | null = null,
): ConflictPolicy {
  if (mode === 'append' && window !== null) return 'ignore';
  return mode === 'append' || primaryKey.length === 0 ? 'error' : 'update';
}
