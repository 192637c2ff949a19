import type { Fault } from '../errors.ts';
import { ObjectReader } from '../file/object-reader.ts';
import { type Json, JsonArray, JsonObject, kindOfJson } from '../record/json.ts';
import type { CompilePattern } from '../record/pattern.ts';
import type { Value } from '../record/value.ts';
import { Invalid, readJsonValue } from '../record/value-rules.ts';
import { didYouMean } from '../text/suggest.ts';
import type { Property } from './dataset.ts';
import {
  DB_TYPES_OF,
  type DbType,
  formatDbType,
  MAX_DECIMAL_PRECISION,
  type PropertyType,
  parseDbType,
} from './db-type.ts';
import { DB_TYPE_HINTS, PROPERTY_KEYS, PROPERTY_TYPES, TYPE_HINTS } from './file-words.ts';
import { nameFault } from './names.ts';
import { checkDefault, parseRules } from './parse-rules.ts';

/** One property of a file, as far as it could be read; `dbType` is null where its type is at fault. */
export interface ParsedProperty {
  readonly name: string | null;
  readonly pointer: string;
  /** The flag of the property itself. */
  readonly primaryKey: boolean;
  readonly dbType: DbType | null;
  /** Complete but for what the dataset's `primary_key` adds; null where something is at fault. */
  readonly property: Property | null;
}

/** Reads one entry of `properties`; every fault goes to `faults`. */
export function parseProperty(
  json: Json,
  pointer: string,
  compilePattern: CompilePattern,
  faults: Fault[],
): ParsedProperty {
  if (!(json instanceof JsonObject)) {
    const message = `Each property must be an object like {name: amount, type: number}, not ${kindOfJson(json)}`;
    faults.push({ pointer, message });
    return { name: null, pointer, primaryKey: false, dbType: null, property: null };
  }
  const before = faults.length;
  const givenName = json.get('name');
  const subject = typeof givenName === 'string' && givenName !== '' ? `Property "${givenName}"` : 'The property';
  const reader = new ObjectReader(json, pointer, subject, PROPERTY_KEYS, faults);
  const name = readName(reader, subject);
  const typed = readType(reader, subject);
  const primaryKey = reader.flag('primary_key');
  const flags = { required: reader.flag('required'), unique: reader.flag('unique'), index: reader.flag('index') };
  const description = reader.text('description') ?? null;
  if (typed === null) return { name, pointer, primaryKey, dbType: null, property: null };
  const { type, dbType } = typed;
  if (dbType.name === 'JSON') refuseOnJson(reader, subject, { ...flags, primary_key: primaryKey });
  const rules = parseRules(reader, dbType, subject, compilePattern);
  const value = readDefault(reader, typed, subject);
  if (name === null || faults.length > before) return { name, pointer, primaryKey, dbType, property: null };
  const property: Property = { name, type, dbType, ...flags, default: value, primaryKey, description, rules };
  checkDefault(reader, property, compilePattern);
  return { name, pointer, primaryKey, dbType, property: faults.length > before ? null : property };
}

function readName(reader: ObjectReader, subject: string): string | null {
  const name = reader.text('name');
  if (name === undefined) {
    if (reader.raw('name') === undefined) reader.fault(null, `${subject} needs a name; write name: something`);
    return null;
  }
  const fault = nameFault(name);
  if (fault !== null) reader.fault('name', `The property name "${name}" ${fault}`);
  return fault === null ? name : null;
}

interface Typed {
  readonly type: PropertyType;
  readonly dbType: DbType;
}

function readType(reader: ObjectReader, subject: string): Typed | null {
  const text = reader.text('type');
  const dbText = reader.text('db_type');
  if (text === undefined) {
    if (reader.raw('type') === undefined) {
      reader.fault(null, `${subject} needs a type; write type: with one of ${PROPERTY_TYPES.join(', ')}`);
    }
    return null;
  }
  const type = PROPERTY_TYPES.find((candidate) => candidate === text);
  if (type === undefined) {
    const hint = Object.hasOwn(TYPE_HINTS, text.toLowerCase()) ? TYPE_HINTS[text.toLowerCase()] : undefined;
    const advice = hint === undefined ? didYouMean(text, PROPERTY_TYPES) : ` (write type: ${hint})`;
    reader.fault(
      'type',
      `${subject}: type "${text}" is not known${advice}; it must be one of ${PROPERTY_TYPES.join(', ')}`,
    );
    return null;
  }
  if (dbText === undefined) {
    if (reader.raw('db_type') !== undefined) return null;
    return { type, dbType: { name: DB_TYPES_OF[type][0] as Exclude<DbType['name'], 'DECIMAL'> } };
  }
  const dbType = readDbType(reader, subject, type, dbText);
  return dbType && { type, dbType };
}

function readDbType(reader: ObjectReader, subject: string, type: PropertyType, text: string): DbType | null {
  const fitting = DB_TYPES_OF[type].map((name) => (name === 'DECIMAL' ? 'DECIMAL(p,s)' : name)).join(', ');
  const dbType = parseDbType(text);
  if (dbType === undefined) {
    reader.fault(
      'db_type',
      `${subject}: db_type "${text}" is not known${dbTypeAdvice(text)}; for type ${type} it may be ${fitting}`,
    );
    return null;
  }
  if (!DB_TYPES_OF[type].includes(dbType.name)) {
    const owner = PROPERTY_TYPES.find((candidate) => DB_TYPES_OF[candidate].includes(dbType.name));
    reader.fault(
      'db_type',
      `${subject}: db_type ${formatDbType(dbType)} does not fit type ${type}; write type: ${owner}, or one of ${fitting}`,
    );
    return null;
  }
  return dbType;
}

function dbTypeAdvice(text: string): string {
  const upper = text.toUpperCase().trim();
  if (/^DECIMAL\s*\(/.test(upper)) {
    return ` (write DECIMAL(p,s) with p from 1 to ${MAX_DECIMAL_PRECISION} and s from 0 to p)`;
  }
  const hint = Object.hasOwn(DB_TYPE_HINTS, upper) ? DB_TYPE_HINTS[upper] : undefined;
  return hint === undefined ? didYouMean(text, Object.values(DB_TYPES_OF).flat()) : ` (write ${hint})`;
}

function refuseOnJson(reader: ObjectReader, subject: string, flags: Readonly<Record<string, boolean>>): void {
  for (const [key, set] of Object.entries(flags)) {
    if (set && key !== 'required') {
      reader.fault(key, `${subject} holds JSON, which cannot be compared, so it may not have ${key}; leave it out`);
    }
  }
}

function readDefault(reader: ObjectReader, { type, dbType }: Typed, subject: string): Value {
  const json = reader.raw('default');
  if (json === undefined) return null;
  const otherKind =
    (type === 'array' && json instanceof JsonObject) || (type === 'object' && json instanceof JsonArray);
  const value = otherKind ? new Invalid(`must be an ${type}, not ${kindOfJson(json)}`) : readJsonValue(dbType, json);
  if (!(value instanceof Invalid)) return value;
  reader.fault('default', `${subject}: default ${value.message}`);
  return null;
}
