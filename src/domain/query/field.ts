import type { Dataset } from '../dataset/dataset.ts';
import type { DbType } from '../dataset/db-type.ts';
import { SYSTEM_FIELD_NAMES } from '../dataset/names.ts';
import type { StoredRecord } from '../record/record.ts';
import type { Value } from '../record/value.ts';
import { didYouMean } from '../text/suggest.ts';
import type { Field, SystemFieldName } from './query.ts';

const SYSTEM_TYPES: Readonly<Record<SystemFieldName, DbType>> = {
  id: { name: 'UUID' },
  created_at: { name: 'TIMESTAMP' },
  updated_at: { name: 'TIMESTAMP' },
  version: { name: 'INTEGER' },
  seq: { name: 'BIGINT' },
};

/** What a field's values are stored as. */
export function typeOfField(field: Field): DbType {
  return field.kind === 'property' ? field.property.dbType : SYSTEM_TYPES[field.name];
}

/** A name for people and fingerprints: the property's, or the system field's with its underscore. */
export function nameOfField(field: Field): string {
  return field.kind === 'property' ? field.property.name : `_${field.name}`;
}

/** The canonical value a record has in a field. */
export function valueOfField(field: Field, record: StoredRecord): Value {
  if (field.kind === 'property') return record.row[field.index] ?? null;
  switch (field.name) {
    case 'id':
      return record.id;
    case 'created_at':
      return record.createdAt;
    case 'updated_at':
      return record.updatedAt;
    case 'version':
      return record.version;
    case 'seq':
      return BigInt(record.seq);
  }
}

/** One sentence for a name that is no field, with the nearest one that is. */
export function unknownFieldMessage(dataset: Dataset, name: string): string {
  const known = dataset.properties.map((property) => property.name);
  const system = SYSTEM_FIELD_NAMES.map((field) => `_${field}`);
  const shown = known.length > 20 ? [...known.slice(0, 20), '…'] : known;
  const guess = didYouMean(name, [...known, ...system]);
  return `"${name}" is not a field of dataset "${dataset.name}"${guess}; its fields are ${[...shown, ...system].join(', ')}.`;
}
