import type { Condition } from '#domain/query/evaluate.ts';
import type { RenderedChange } from '#domain/record/record.ts';

/** What a change is to those who follow the rows of a filter. */
type FollowEvent = 'enter' | 'change' | 'leave';

export interface FollowedChange extends RenderedChange {
  readonly event: FollowEvent;
}

const EVENTS = { create: 'enter', update: 'change', delete: 'leave' } as const;

/** The change as one who follows the filter sees it; nothing where it never was his. */
export function tellChange(change: RenderedChange, matches: Condition | null): FollowedChange[] {
  if (matches === null) return [{ ...change, event: EVENTS[change.operation] }];
  const { before = null, after = null } = change.images ?? {};
  const did = before !== null && matches(before) === true;
  const does = after !== null && matches(after) === true;
  if (does) return [{ ...change, event: did ? 'change' : 'enter' }];
  return did ? [{ ...change, event: 'leave' }] : [];
}
