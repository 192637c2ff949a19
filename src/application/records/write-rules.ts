import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import type { ConflictPolicy, InvalidPolicy } from '#domain/record/change.ts';
import { didYouMean } from '#domain/text/suggest.ts';

const CONFLICT_POLICIES: readonly ConflictPolicy[] = ['error', 'ignore', 'update'];
const INVALID_POLICIES: readonly InvalidPolicy[] = ['abort', 'reject'];

export function readConflictPolicy(text: string | null): ConflictPolicy {
  return readWord('on_conflict', text ?? 'error', CONFLICT_POLICIES);
}

export function readInvalidPolicy(text: string | null): InvalidPolicy {
  return readWord('on_invalid', text ?? 'abort', INVALID_POLICIES);
}

function readWord<T extends string>(name: string, text: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  const message = `${name} must be one of ${words.join(', ')}${didYouMean(text, words)}.`;
  throw new DataForgeError('invalid_parameter', message, { faults: [{ pointer: `/${name}`, message }] });
}

/** A policy needs something two records can have in common: a natural key, or an id that came with the row. */
export function requireKeyForPolicy(dataset: Dataset, policy: ConflictPolicy, everyRowHasId: boolean): void {
  if (policy === 'error' || dataset.primaryKey.length > 0 || everyRowHasId) return;
  throw new DataForgeError(
    'invalid_parameter',
    `on_conflict=${policy} needs to know when two records are the same: dataset "${dataset.name}" has no natural key, so give each row an id.`,
    { faults: [{ pointer: '/on_conflict', message: 'needs a natural key, or an id in each row' }] },
  );
}

const MAX_FAULTS = 1000;

/** All that is wrong with the rows of a request, as one error. */
export function invalidRows(faults: readonly Fault[]): DataForgeError {
  const [first] = faults;
  const message =
    faults.length === 1 && first !== undefined
      ? first.message
      : `${faults.length} values are wrong, each listed in errors; the first: ${first?.message}`;
  return new DataForgeError('invalid_value', message, { faults: faults.slice(0, MAX_FAULTS) });
}
