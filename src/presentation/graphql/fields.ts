import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbTypeName } from '#domain/dataset/db-type.ts';
import { graphqlName } from './names.ts';

/** A field of a dataset's records as GraphQL shows it. */
export interface NamedField {
  readonly graphql: string;
  /** As filters and sorts of every protocol name it. */
  readonly field: string;
  readonly type: DbTypeName;
  readonly kind: 'property' | 'system';
  readonly description: string | null;
}

const SYSTEM = [
  { bare: 'id', field: '_id', type: 'UUID' },
  { bare: 'createdAt', field: '_created_at', type: 'TIMESTAMP' },
  { bare: 'updatedAt', field: '_updated_at', type: 'TIMESTAMP' },
  { bare: 'version', field: '_version', type: 'INTEGER' },
] as const;

/** The fields in which a record is read: system fields have an underscore where a property has the name. */
export function fieldsOf(dataset: Dataset): readonly NamedField[] {
  const properties = dataset.properties.map(({ name, dbType, description }): NamedField => {
    return { graphql: graphqlName(name), field: name, type: dbType.name, kind: 'property', description };
  });
  const taken = new Set(properties.map(({ graphql }) => graphql));
  const system = SYSTEM.map(({ bare, field, type }): NamedField => {
    return { graphql: taken.has(bare) ? `_${bare}` : bare, field, type, kind: 'system', description: null };
  });
  return [...system, ...properties];
}

/** The fields that filters and sorts know besides. */
export const SEQUENCE: NamedField = {
  graphql: '_seq',
  field: '_seq',
  type: 'BIGINT',
  kind: 'system',
  description: 'The number of the change that made the record what it is.',
};
