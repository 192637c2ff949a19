import type { Fault } from '../errors.ts';
import { ObjectReader, pointerTo } from '../file/object-reader.ts';
import { type Json, JsonArray, JsonObject, kindOfJson } from '../record/json.ts';
import type { CompilePattern } from '../record/pattern.ts';
import { didYouMean } from '../text/suggest.ts';
import type { Dataset, Property } from './dataset.ts';
import { ADDITIONAL_PROPERTIES, DATASET_KEYS, ID_INDEXES, SYSTEM_KEY } from './file-words.ts';
import { findClashes, nameFault } from './names.ts';
import { type ParsedProperty, parseProperty } from './parse-property.ts';

export type ParsedDataset =
  | { readonly ok: true; readonly dataset: Dataset }
  /** `name` and `tableName` as far as they could be read, so that clashes with other files are seen all the same. */
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly name: string | null };

/**
 * Makes a complete dataset of what a dataset file says, or tells every fault in it at once. Pointers lead into the
 * file; messages say what to write instead. Only what the platform itself has written may describe a dataset that it keeps.
 */
export function parseDataset(
  json: Json,
  compilePattern: CompilePattern,
  { maySystem }: { readonly maySystem: boolean } = { maySystem: false },
): ParsedDataset {
  const faults: Fault[] = [];
  if (!(json instanceof JsonObject)) {
    const message = `A dataset file must be an object with name and properties, not ${kindOfJson(json)}`;
    return { ok: false, faults: [{ pointer: '', message }], name: null };
  }
  const keys = maySystem ? [...DATASET_KEYS, SYSTEM_KEY] : DATASET_KEYS;
  const reader = new ObjectReader(json, '', 'The dataset', keys, faults);
  reader.text('$schema');
  const system = maySystem && reader.flag(SYSTEM_KEY);
  const name = readName(reader, 'name', system);
  if (name === null && reader.raw('name') === undefined) {
    reader.fault(null, 'The dataset needs a name; write name: my_dataset');
  }
  const tableName = readName(reader, 'table_name', system);
  const description = reader.text('description') ?? '';
  const additionalProperties = reader.oneOf('additional_properties', ADDITIONAL_PROPERTIES) ?? 'refuse';
  const idIndex = reader.oneOf('id_index', ID_INDEXES) ?? 'auto';
  const parsed = readProperties(reader, compilePattern, faults);
  const primaryKey = readPrimaryKey(reader, parsed);
  const properties = parsed.flatMap(({ property }) => (property ? [withKey(property, primaryKey)] : []));
  if (faults.length > 0 || name === null) return { ok: false, faults, name };
  return {
    ok: true,
    dataset: {
      name,
      description,
      tableName: tableName ?? name,
      primaryKey,
      properties,
      additionalProperties,
      idIndex,
      system,
    },
  };
}

/** @param isKept the platform's own names begin with what is kept for it */
function readName(reader: ObjectReader, key: 'name' | 'table_name', isKept: boolean): string | null {
  const name = reader.text(key);
  if (name === undefined) return null;
  const fault = isKept ? null : nameFault(name);
  if (fault !== null) reader.fault(key, `The ${key === 'name' ? 'dataset name' : 'table_name'} "${name}" ${fault}`);
  return fault === null ? name : null;
}

function readProperties(reader: ObjectReader, compilePattern: CompilePattern, faults: Fault[]): ParsedProperty[] {
  const items = reader.list('properties', 'properties: [{name: amount, type: number}]');
  if (items === undefined || items.length === 0) {
    if (items !== undefined || reader.raw('properties') === undefined) {
      reader.fault(
        items === undefined ? null : 'properties',
        'The dataset needs at least one property; write properties: [{name: amount, type: number}]',
      );
    }
    return [];
  }
  const parsed = items.map((item, at) => parseProperty(item, `/properties/${at}`, compilePattern, faults));
  const named = parsed.filter((property) => property.name !== null);
  for (const { at, first } of findClashes(named.map((property) => property.name ?? ''))) {
    const [later, earlier] = [named[at], named[first]];
    const how = later?.name === earlier?.name ? 'is there twice' : `differs from "${earlier?.name}" only by case`;
    faults.push({
      pointer: pointerTo(later?.pointer ?? '', 'name'),
      message: `Property "${later?.name}" ${how}; rename or remove one of them`,
    });
  }
  return parsed;
}

/** The natural key: the dataset's list, or else the properties with the flag, in the order of the file. */
function readPrimaryKey(reader: ObjectReader, parsed: readonly ParsedProperty[]): readonly string[] {
  const flagged = parsed.flatMap(({ name, primaryKey }) => (name !== null && primaryKey ? [name] : []));
  const raw = reader.raw('primary_key');
  const items = typeof raw === 'string' ? [raw] : raw instanceof JsonArray ? raw.items : undefined;
  if (items === undefined) {
    if (raw !== undefined) {
      reader.fault(
        'primary_key',
        `primary_key must be a list of property names like [code, day], not ${kindOfJson(raw)}`,
      );
    }
    return flagged;
  }
  const key: string[] = [];
  items.forEach((item, at) => {
    const place = typeof raw === 'string' ? 'primary_key' : pointerTo('primary_key', at);
    const fault = keyFault(item, key, parsed);
    if (fault !== null) reader.faultBelow(place, fault);
    else if (typeof item === 'string') key.push(item);
  });
  const missing = flagged.filter((name) => !key.includes(name));
  if (missing.length > 0 && key.length === items.length) {
    reader.fault(
      'primary_key',
      `primary_key does not name ${missing.map((name) => `"${name}"`).join(', ')}, whose own primary_key is true; ` +
        'name every member here, or only set the flags',
    );
  }
  return key;
}

function keyFault(item: Json, key: readonly string[], parsed: readonly ParsedProperty[]): string | null {
  if (typeof item !== 'string') return `primary_key must name properties, not hold ${kindOfJson(item)}`;
  if (key.includes(item)) return `primary_key names "${item}" twice; name it once`;
  const property = parsed.find(({ name }) => name === item);
  if (property === undefined) {
    const names = parsed.flatMap(({ name }) => (name === null ? [] : [name]));
    return `primary_key names "${item}", which is not a property${didYouMean(item, names)}`;
  }
  if (property.dbType?.name === 'JSON' && !property.primaryKey) {
    return `primary_key names "${item}", which holds JSON and cannot be compared; choose another property`;
  }
  return null;
}

function withKey(property: Property, primaryKey: readonly string[]): Property {
  return primaryKey.includes(property.name) ? { ...property, primaryKey: true, required: true } : property;
}
