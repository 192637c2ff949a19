import { type Json, JsonArray, JsonObject, jsonFrom } from '../record/json.ts';
import { jsonOfValue } from '../record/value-json.ts';
import type { Dataset, Property } from './dataset.ts';
import { formatDbType } from './db-type.ts';
import { parseDataset } from './parse-dataset.ts';

/**
 * A dataset as `GET /schemas` shows it. It is in the dataset file's own language, so that it can be kept as text and
 * read again, or saved as a dataset file; members that say nothing beyond the defaults are left out, but for those
 * that every client may count on.
 */
export function describeDataset(dataset: Dataset): JsonObject {
  return objectOf({
    name: dataset.name,
    description: dataset.description,
    table_name: dataset.tableName,
    primary_key: dataset.primaryKey.length > 0 ? jsonFrom(dataset.primaryKey) : null,
    properties: new JsonArray(dataset.properties.map(describeProperty)),
    additional_properties: dataset.additionalProperties === 'refuse' ? undefined : dataset.additionalProperties,
    id_index: dataset.idIndex === 'auto' ? undefined : dataset.idIndex,
    system: dataset.system || undefined,
  });
}

function describeProperty(property: Property): JsonObject {
  const { dbType, rules } = property;
  const bound = (value: Property['default']) => (value === null ? undefined : jsonOfValue(dbType, value));
  return objectOf({
    name: property.name,
    type: property.type,
    db_type: formatDbType(dbType),
    required: property.required,
    default: jsonOfValue(dbType, property.default),
    primary_key: property.primaryKey,
    description: property.description ?? undefined,
    unique: property.unique || undefined,
    index: property.index || undefined,
    enum: rules.enum === null ? undefined : new JsonArray(rules.enum.map((value) => jsonOfValue(dbType, value))),
    minimum: bound(rules.minimum),
    maximum: bound(rules.maximum),
    min_length: rules.minLength === null ? undefined : jsonFrom(rules.minLength),
    max_length: rules.maxLength === null ? undefined : jsonFrom(rules.maxLength),
    pattern: rules.pattern ?? undefined,
    format: rules.format ?? undefined,
  });
}

function objectOf(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  return new JsonObject(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
  );
}

/**
 * Reads what `describeDataset` made, also of a dataset that the platform keeps; patterns were compiled when their file was
 * read and are not compiled again.
 * @throws RangeError where it is no such description
 */
export function datasetFromDescription(description: Json): Dataset {
  const parsed = parseDataset(description, () => () => true, { maySystem: true });
  if (parsed.ok) return parsed.dataset;
  const [first] = parsed.faults;
  throw new RangeError(`not the description of a dataset: ${first?.message} (at ${first?.pointer || 'the top'})`);
}
