import type { ChangeResult, Mark, WriteOutcome, WriteRequest } from './change.ts';

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

/** Set-based requests stand alone, so that they see all before them; those that come between are one commit. */
export function groupsOf(requests: readonly WriteRequest[]): WriteRequest[][] {
  const groups: WriteRequest[][] = [];
  let open: WriteRequest[] | null = null;
  for (const request of requests) {
    if (open !== null && !isSetBased(request)) {
      open.push(request);
    } else {
      const group = [request];
      groups.push(group);
      open = isSetBased(request) ? null : group;
    }
  }
  return groups;
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
