import { parseJson } from '../record/json.ts';
import type { Value } from '../record/value.ts';
import { compareValues, Invalid, readTextValue } from '../record/value-rules.ts';
import type { Property } from './dataset.ts';
import { type DbType, sameDbType } from './db-type.ts';

/** What became stricter and what became looser between two versions of a property, each as a phrase for people. */
export interface RuleChanges {
  readonly tightened: readonly string[];
  readonly relaxed: readonly string[];
}

/** Compares the rules of two versions of a property; membership of the natural key is another matter. */
export function compareRules(before: Property, after: Property): RuleChanges {
  const changes = { tightened: [] as string[], relaxed: [] as string[] };
  const note = (change: [keyof RuleChanges, string] | null) => {
    if (change !== null) changes[change[0]].push(change[1]);
  };
  if (before.required !== after.required && !before.primaryKey && !after.primaryKey) {
    note(after.required ? ['tightened', 'it is now required'] : ['relaxed', 'it is no longer required']);
  }
  const was = before.rules;
  const is = after.rules;
  const values = was.enum?.map((value) => convertValue(before.dbType, after.dbType, value)) ?? null;
  note(compareEnum(values, is.enum));
  const compare = (a: Exclude<Value, null>, b: Exclude<Value, null>) => compareValues(after.dbType, a, b);
  const minimum = convertValue(before.dbType, after.dbType, was.minimum);
  const maximum = convertValue(before.dbType, after.dbType, was.maximum);
  note(compareBound('minimum', minimum, is.minimum, (a, b) => compare(b, a)));
  note(compareBound('maximum', maximum, is.maximum, compare));
  note(compareBound('min_length', was.minLength, is.minLength, (a, b) => Number(b) - Number(a)));
  note(compareBound('max_length', was.maxLength, is.maxLength, (a, b) => Number(a) - Number(b)));
  note(compareText('pattern', was.pattern, is.pattern));
  note(compareText('format', was.format, is.format));
  return changes;
}

/** The same value as another type holds it, by the text it is written as in CSV; null where that type cannot. */
export function convertValue(from: DbType, to: DbType, value: Value): Value {
  if (value === null || sameDbType(from, to)) return value;
  const converted = readTextValue(to, String(value), parseJson);
  return converted instanceof Invalid ? null : converted;
}

type Change = [keyof RuleChanges, string] | null;

function compareEnum(before: readonly Value[] | null, after: readonly Value[] | null): Change {
  if (before === null) return after === null ? null : ['tightened', 'enum is new'];
  if (after === null) return ['relaxed', 'enum is gone'];
  const gone = before.filter((value) => !after.includes(value));
  if (gone.length > 0) return ['tightened', `enum no longer has ${gone.map(String).join(', ')}`];
  const added = after.filter((value) => !before.includes(value));
  return added.length > 0 ? ['relaxed', `enum has also ${added.map(String).join(', ')}`] : null;
}

/** `room(a, b)` is negative where the bound `a` leaves less room than `b`. */
function compareBound<T extends Exclude<Value, null>>(
  name: string,
  before: T | null,
  after: T | null,
  room: (a: T, b: T) => number,
): Change {
  if (before === null) return after === null ? null : ['tightened', `${name} is now ${after}`];
  if (after === null) return ['relaxed', `${name} is gone`];
  const change = room(after, before);
  if (change === 0) return null;
  return [change < 0 ? 'tightened' : 'relaxed', `${name} is ${after} instead of ${before}`];
}

function compareText(name: string, before: string | null, after: string | null): Change {
  if (before === after) return null;
  if (after === null) return ['relaxed', `${name} is gone`];
  return ['tightened', `${name} is now ${after}`];
}
