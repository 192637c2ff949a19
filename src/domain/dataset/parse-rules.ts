import { type ObjectReader, pointerTo } from '../file/object-reader.ts';
import { VALUE_FORMATS } from '../record/formats.ts';
import { kindOfJson } from '../record/json.ts';
import type { CompilePattern } from '../record/pattern.ts';
import { compileRules } from '../record/property-rules.ts';
import type { Value } from '../record/value.ts';
import { compareValues, Invalid, readJsonValue } from '../record/value-rules.ts';
import type { Property, PropertyRules } from './dataset.ts';
import { type DbType, type DbTypeName, formatDbType } from './db-type.ts';

/** Storage types whose values `minimum` and `maximum` may bound. */
export const BOUNDED_TYPES: readonly DbTypeName[] = [
  'BIGINT',
  'INTEGER',
  'SMALLINT',
  'DOUBLE',
  'DECIMAL',
  'DATE',
  'TIME',
  'TIMESTAMP',
];

/** The rule keys that speak of text alone. */
const TEXT_RULES = ['min_length', 'max_length', 'pattern', 'format'] as const;

/** Reads what a value must satisfy besides its type; faults go to the reader. */
export function parseRules(
  reader: ObjectReader,
  dbType: DbType,
  subject: string,
  compilePattern: CompilePattern,
): PropertyRules {
  for (const key of unfitting(dbType)) {
    if (reader.raw(key) !== undefined) {
      reader.fault(key, `${subject} is ${formatDbType(dbType)}, for which ${key} means nothing; leave it out`);
    }
  }
  const rules: PropertyRules = {
    enum: dbType.name === 'JSON' ? null : readEnum(reader, dbType, subject),
    minimum: readBound(reader, 'minimum', dbType, subject),
    maximum: readBound(reader, 'maximum', dbType, subject),
    minLength: dbType.name === 'VARCHAR' ? reader.count('min_length') : null,
    maxLength: dbType.name === 'VARCHAR' ? reader.count('max_length') : null,
    pattern: dbType.name === 'VARCHAR' ? readPattern(reader, subject, compilePattern) : null,
    format: dbType.name === 'VARCHAR' ? (reader.oneOf('format', VALUE_FORMATS) ?? null) : null,
  };
  checkOrder(reader, rules, dbType, subject);
  return rules;
}

function unfitting(dbType: DbType): readonly string[] {
  const keys: string[] = dbType.name === 'VARCHAR' ? [] : [...TEXT_RULES];
  if (!BOUNDED_TYPES.includes(dbType.name)) keys.push('minimum', 'maximum');
  if (dbType.name === 'JSON') keys.push('enum');
  return keys;
}

function readEnum(reader: ObjectReader, dbType: DbType, subject: string): readonly Value[] | null {
  const items = reader.list('enum', 'enum: [first, second]');
  if (items === undefined) return null;
  if (items.length === 0) {
    reader.fault('enum', `${subject}: enum must name at least one value; leave it out where every value may stand`);
  }
  const values = new Set<Value>();
  items.forEach((item, at) => {
    const value = item === null ? new Invalid(nullInEnum) : readJsonValue(dbType, item);
    const place = pointerTo('enum', at);
    if (value instanceof Invalid) reader.faultBelow(place, `${subject}: value ${at + 1} of enum ${value.message}`);
    else if (values.has(value)) reader.faultBelow(place, `${subject}: enum names ${String(value)} twice; name it once`);
    else values.add(value);
  });
  return [...values];
}

const nullInEnum = 'must not be null: a property that is not required may be null in any case';

function readBound(reader: ObjectReader, key: 'minimum' | 'maximum', dbType: DbType, subject: string): Value {
  const json = reader.raw(key);
  if (json === undefined || !BOUNDED_TYPES.includes(dbType.name)) return null;
  const value = readJsonValue(dbType, json);
  if (!(value instanceof Invalid)) return value;
  const got = typeof json === 'string' ? `"${json}"` : kindOfJson(json);
  reader.fault(key, `${subject}: ${key} ${value.message}, like every value of the property; it is ${got}`);
  return null;
}

function readPattern(reader: ObjectReader, subject: string, compilePattern: CompilePattern): string | null {
  const pattern = reader.text('pattern');
  if (pattern === undefined) return null;
  try {
    compilePattern(pattern);
    return pattern;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reader.fault('pattern', `${subject}: pattern is not a regular expression in RE2 syntax: ${reason}`);
    return null;
  }
}

function checkOrder(reader: ObjectReader, rules: PropertyRules, dbType: DbType, subject: string): void {
  const { minimum, maximum, minLength, maxLength } = rules;
  if (minimum !== null && maximum !== null && compareValues(dbType, minimum, maximum) > 0) {
    reader.fault('maximum', `${subject}: maximum ${maximum} is less than minimum ${minimum}; no value could stand`);
  }
  if (minLength !== null && maxLength !== null && minLength > maxLength) {
    reader.fault(
      'max_length',
      `${subject}: max_length ${maxLength} is less than min_length ${minLength}; no value could stand`,
    );
  }
}

/** Whether the default and the values of `enum` meet the other rules of their property. */
export function checkDefault(reader: ObjectReader, property: Property, compilePattern: CompilePattern): void {
  if (property.default !== null) {
    const broken = compileRules(property, compilePattern)(property.default);
    if (broken !== null)
      reader.fault('default', `Property "${property.name}": default ${broken}, by the property's own rule`);
  }
  const withoutEnum = { ...property, rules: { ...property.rules, enum: null } };
  const check = compileRules(withoutEnum, compilePattern);
  property.rules.enum?.forEach((value, at) => {
    const broken = check(value);
    if (broken === null) return;
    reader.faultBelow(
      pointerTo('enum', at),
      `Property "${property.name}": value ${at + 1} of enum ${broken}, by the property's own rule`,
    );
  });
}
