import type { RecordQuery } from '#domain/query/query.ts';

/**
 * The properties that the records of a query must have: those asked for, those it sorts by, which say where a record
 * stands, and those of the key, which `composite_id` shows.
 */
export function neededFields({ dataset, fields, sort }: RecordQuery): readonly number[] | null {
  if (fields === null) return null;
  const sorted = sort.flatMap(({ field }) => (field.kind === 'property' ? [field.index] : []));
  const key = dataset.properties.flatMap(({ primaryKey }, index) => (primaryKey ? [index] : []));
  return [...new Set([...fields, ...sorted, ...key])].sort((a, b) => a - b);
}
