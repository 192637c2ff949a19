import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Target } from '#domain/pipeline/target.ts';
import type { ConflictPolicy } from '#domain/record/change.ts';

/** A row that means a record takes its place, but where every row is one of its own. */
export function conflictPolicy({ primaryKey }: Dataset, { mode }: Target): ConflictPolicy {
  return mode === 'append' || primaryKey.length === 0 ? 'error' : 'update';
}
