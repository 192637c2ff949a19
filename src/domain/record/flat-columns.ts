import type { Dataset } from '../dataset/dataset.ts';
import { flatColumnName } from '../dataset/names.ts';
import { typeOfField } from '../query/field.ts';
import type { Field, SystemFieldName } from '../query/query.ts';
import type { ColumnSchema } from './batch.ts';

export interface FlatColumn extends ColumnSchema {
  readonly field: Field;
}

/** The columns of every flat form: `id`, the properties asked for, `created_at`, `updated_at`, `version`. */
export function flatColumns(dataset: Dataset, fields: readonly number[] | null): FlatColumn[] {
  const properties = dataset.properties.flatMap((property, index): FlatColumn[] => {
    if (fields !== null && !fields.includes(index)) return [];
    const nullable = !property.required && !property.primaryKey;
    return [{ name: property.name, dbType: property.dbType, nullable, field: { kind: 'property', index, property } }];
  });
  const system = (name: SystemFieldName): FlatColumn => {
    const field: Field = { kind: 'system', name };
    return { name: flatColumnName(dataset, name), dbType: typeOfField(field), nullable: false, field };
  };
  return [system('id'), ...properties, system('created_at'), system('updated_at'), system('version')];
}

/** Those of the flat columns that are named, in that order; all where none are. */
export function namedColumns(
  dataset: Dataset,
  fields: readonly number[] | null,
  names?: readonly string[],
): FlatColumn[] {
  const all = flatColumns(dataset, fields);
  if (names === undefined) return all;
  return names.map((name) => {
    const found = all.find((column) => column.name === name);
    if (found === undefined) throw new RangeError(`dataset "${dataset.name}" has no column "${name}"`);
    return found;
  });
}
