import { DataForgeError } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import { compareValues, type FieldValue, isMoment } from './incremental.ts';

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** Whether a value lies in a window; a date stands for its first moment in UTC where it is compared with a moment. */
export function isWithin(value: FieldValue, { from, to }: BackfillWindow): boolean {
  return compareWith(value, from) >= 0 && compareWith(value, to) < 0;
}

function compareWith(value: FieldValue, bound: string): number {
  if (value.isNumber) checkIsNumber(bound);
  const [left, right] = [asMoment(value.value, bound), asMoment(bound, value.value)];
  return compareValues({ value: left, isNumber: value.isNumber }, { value: right, isNumber: value.isNumber });
}

/** @throws DataForgeError `invalid_configuration` for an end of a window that no number can be compared with */
export function checkIsNumber(bound: string): void {
  if (NUMBER.test(bound)) return;
  const message = `The field of the window has numbers; give numbers as its ends, not "${bound}".`;
  throw new DataForgeError('invalid_configuration', message);
}

/** A date as a moment, where the other value is one. */
function asMoment(text: string, other: string): string {
  return isMoment(other) ? firstMoment(text) : text;
}

/** A date as its first moment in UTC; any other text as it is. */
export function firstMoment(text: string): string {
  return DATE.test(text) ? `${text}T00:00:00Z` : text;
}
