import { DataForgeError } from '../errors.ts';
import type { ChangeResult, Mark, MarkGuard, WriteOutcome, WriteRequest } from './change.ts';

/** A mark with its text made. */
export interface StoredMark {
  readonly kind: string;
  readonly key: string;
  readonly value: string;
}

/** Deletes by a filter; such a request can do nothing else. */
export function isSetBased(request: WriteRequest): boolean {
  return request.changes.some((change) => change.kind === 'delete-matching');
}

/** Whether a request has a commit of its own, so that it sees all before it. */
function standsAlone(request: WriteRequest): boolean {
  return isSetBased(request) || request.guards !== undefined;
}

/** Those that stand alone, and between them those that are one commit. */
export function groupsOf(requests: readonly WriteRequest[]): WriteRequest[][] {
  const groups: WriteRequest[][] = [];
  let open: WriteRequest[] | null = null;
  for (const request of requests) {
    if (open !== null && !standsAlone(request)) {
      open.push(request);
    } else {
      const group = [request];
      groups.push(group);
      open = standsAlone(request) ? null : group;
    }
  }
  return groups;
}

/** @throws DataForgeError `version_moved` where a mark is not what a guard says; `marks` are in the order of the guards */
export function checkGuards(guards: readonly MarkGuard[], marks: readonly (string | null)[]): void {
  const moved = guards.find(({ value }, index) => value !== (marks[index] ?? null));
  if (moved === undefined) return;
  throw new DataForgeError('version_moved', `Somebody else has moved on ${moved.kind} "${moved.key}" meanwhile.`);
}

/** The marks of the requests that stand, with their texts made. */
export function collectMarks(requests: readonly WriteRequest[], outcomes: readonly WriteOutcome[]): StoredMark[] {
  return requests.flatMap((request, index) => {
    const outcome = outcomes[index];
    return outcome?.ok ? request.marks.map((mark) => storedMark(mark, outcome.results)) : [];
  });
}

export function storedMark({ kind, key, value }: Mark, results: readonly ChangeResult[]): StoredMark {
  return { kind, key, value: typeof value === 'string' ? value : value(results) };
}
