import type { Field, SystemFieldName } from '../query/query.ts';
import { fold } from '../text/fold.ts';
import type { Dataset, Property } from './dataset.ts';

export const MAX_NAME_LENGTH = 200;

/** Beginnings that the platform keeps for its own tables and columns, compared without case. */
const RESERVED_PREFIXES: readonly string[] = ['_', 'forge_'];

/** The fields every record has, in the order in which flat columns show them. */
export const SYSTEM_FIELD_NAMES: readonly SystemFieldName[] = ['id', 'created_at', 'updated_at', 'version', 'seq'];

/** Why a dataset, table or property may not have this name, as a phrase behind it; null where it may. */
export function nameFault(name: string): string | null {
  if (name.trim() === '') return 'must not be empty';
  if (!name.isWellFormed()) return 'must not hold a lone surrogate';
  if (/\p{Cc}/u.test(name)) return 'must not hold a control character';
  const length = [...name].length;
  if (length > MAX_NAME_LENGTH) return `must have at most ${MAX_NAME_LENGTH} characters, and has ${length}`;
  if (name === '.' || name === '..') return 'must not be "." or "..", which an address cannot hold';
  const folded = fold(name);
  const prefix = RESERVED_PREFIXES.find((reserved) => folded.startsWith(reserved));
  return prefix === undefined ? null : `must not begin with "${prefix}", which is kept for the platform`;
}

/** Whether two names are too alike to stand beside each other. */
export function namesClash(a: string, b: string): boolean {
  return fold(a) === fold(b);
}

/** For each name that clashes with an earlier one: its position and that of the first of them. */
export function findClashes(names: readonly string[]): { readonly at: number; readonly first: number }[] {
  const seen = new Map<string, number>();
  const clashes: { at: number; first: number }[] = [];
  names.forEach((name, at) => {
    const folded = fold(name);
    const first = seen.get(folded);
    if (first === undefined) seen.set(folded, at);
    else clashes.push({ at, first });
  });
  return clashes;
}

/**
 * What a filter or a sort means by a name: a property, `_id` and its like always, the bare `id` and its like where no
 * property has that name without regard to case (where one has, the bare name is the property's).
 */
export function resolveField(dataset: Dataset, name: string): Field | undefined {
  const exact = propertyField(dataset, (property) => property.name === name);
  if (exact) return exact;
  const system = systemFieldOf(name);
  if (system) return { kind: 'system', name: system };
  const bare = SYSTEM_FIELD_NAMES.find((field) => field !== 'seq' && field === name);
  if (!bare) return undefined;
  return propertyField(dataset, (property) => namesClash(property.name, bare)) ?? { kind: 'system', name: bare };
}

function propertyField(dataset: Dataset, matches: (property: Property) => boolean): Field | undefined {
  const index = dataset.properties.findIndex(matches);
  const property = dataset.properties[index];
  return property && { kind: 'property', index, property };
}

function systemFieldOf(name: string): SystemFieldName | undefined {
  return name.startsWith('_') ? SYSTEM_FIELD_NAMES.find((field) => name === `_${field}`) : undefined;
}

/** The one name of a system field in flat columns and in SQL: bare, or with `_` where a property has the bare name. */
export function flatColumnName(dataset: Dataset, field: SystemFieldName): string {
  const taken = field === 'seq' || dataset.properties.some((property) => namesClash(property.name, field));
  return taken ? `_${field}` : field;
}
