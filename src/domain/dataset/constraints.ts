import type { Row, Value } from '../record/value.ts';
import { type Dataset, keyIndexes } from './dataset.ts';

/** Properties whose values no two records of a dataset may share. */
export interface UniqueConstraint {
  /** The natural key, or one property that is `unique` (which lets several records have null). */
  readonly kind: 'key' | 'unique';
  readonly indexes: readonly number[];
}

/** The natural key first, where there is one. */
export function uniqueConstraints(dataset: Dataset): UniqueConstraint[] {
  const constraints: UniqueConstraint[] = [];
  const key = keyIndexes(dataset);
  if (key.length > 0) constraints.push({ kind: 'key', indexes: key });
  dataset.properties.forEach((property, index) => {
    const alone = key.length === 1 && key[0] === index;
    if (property.unique && !alone) constraints.push({ kind: 'unique', indexes: [index] });
  });
  return constraints;
}

/** The values a constraint speaks of; null where one of them is null, which never clashes. */
export function constraintValues(constraint: UniqueConstraint, row: Row): Value[] | null {
  const values = constraint.indexes.map((index) => row[index] ?? null);
  return values.includes(null) ? null : values;
}

/** A text that is the same for the same values, and for no others. */
export function keyText(values: readonly Value[]): string {
  return values.map((value) => `${String(value).length}:${String(value)}`).join('|');
}

/** "field_code = 123 and well_code = 4", for messages. */
export function describeKey(dataset: Dataset, constraint: UniqueConstraint, values: readonly Value[]): string {
  return constraint.indexes
    .map((index, at) => {
      const value = values[at] ?? null;
      const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
      return `${dataset.properties[index]?.name} = ${shown}`;
    })
    .join(' and ');
}

/** What tells rows of one upload apart for `on_conflict`: the natural key, else the id that was given; null for neither. */
export function uploadIdentity(
  dataset: Dataset,
  { row, id }: { readonly row: Row; readonly id: string | null },
): string | null {
  if (dataset.primaryKey.length === 0) return id;
  const values = constraintValues({ kind: 'key', indexes: keyIndexes(dataset) }, row);
  return values === null ? null : keyText(values);
}
