import fc from 'fast-check';
import type { Dataset, Property, PropertyRules } from '#domain/dataset/dataset.ts';
import { DB_TYPES_OF, type DbType, type DbTypeName, type PropertyType } from '#domain/dataset/db-type.ts';
import { findClashes, nameFault } from '#domain/dataset/names.ts';
import { parseDataset } from '#domain/dataset/parse-dataset.ts';
import { parseJson } from '#domain/record/json.ts';
import { timestampOf } from '#domain/record/time.ts';
import type { Value } from '#domain/record/value.ts';
import { compareValues } from '#domain/record/value-rules.ts';
import { compileRe2 } from '#infrastructure/re2.ts';

/** The dataset that a file with this content would give. Throws where it has faults. */
export function datasetFrom(file: object): Dataset {
  const parsed = parseDataset(parseJson(JSON.stringify(file)), compileRe2);
  if (!parsed.ok) throw new Error(parsed.faults.map(({ pointer, message }) => `${pointer}: ${message}`).join('\n'));
  return parsed.dataset;
}

const NO_RULES: PropertyRules = {
  enum: null,
  minimum: null,
  maximum: null,
  minLength: null,
  maxLength: null,
  pattern: null,
  format: null,
};

const TYPE_OF = Object.fromEntries(
  Object.entries(DB_TYPES_OF).flatMap(([type, names]) => names.map((name) => [name, type])),
) as Record<DbTypeName, PropertyType>;

/** Every storage type, DECIMAL with any precision and scale. */
export const anyDbType: fc.Arbitrary<DbType> = fc
  .constantFrom(...(Object.keys(TYPE_OF) as DbTypeName[]))
  .chain((name) => (name === 'DECIMAL' ? anyDecimalType : fc.constant({ name })));

const anyDecimalType: fc.Arbitrary<DbType> = fc
  .integer({ min: 1, max: 38 })
  .chain((precision) => fc.nat(precision).map((scale) => ({ name: 'DECIMAL', precision, scale })));

/** Names that a dataset or a property may have. */
const anyName: fc.Arbitrary<string> = fc
  .oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }))
  .filter((name) => nameFault(name) === null);

const anyMoment = fc
  .date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true })
  .map((date) => timestampOf(date.getTime()));

/** Canonical values of a storage type, null aside. */
export function anyValueOf(type: DbType): fc.Arbitrary<Exclude<Value, null>> {
  switch (type.name) {
    case 'BOOLEAN':
      return fc.boolean();
    case 'BIGINT':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'INTEGER':
      return fc.integer();
    case 'SMALLINT':
      return fc.integer({ min: -32768, max: 32767 });
    case 'DOUBLE':
      return fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => (value === 0 ? 0 : value));
    case 'DECIMAL':
      return anyDecimal(type.precision, type.scale);
    case 'DATE':
      return anyMoment.map((text) => text.slice(0, 10));
    case 'TIME':
      return anyMoment.map((text) => text.slice(11, -1));
    case 'TIMESTAMP':
      return anyMoment;
    case 'UUID':
      return fc.uuid();
    case 'JSON':
      return fc.array(fc.integer()).map((items) => JSON.stringify(items));
    default:
      return fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !text.includes('\u0000'));
  }
}

function anyDecimal(precision: number, scale: number): fc.Arbitrary<string> {
  const most = 10n ** BigInt(precision) - 1n;
  return fc.bigInt({ min: -most, max: most }).map((unscaled) => {
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
    const whole = digits.slice(0, digits.length - scale);
    return `${unscaled < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(digits.length - scale)}` : ''}`;
  });
}

/** A property of a storage type whose rules and default are in order. */
function anyPropertyOf(dbType: DbType): fc.Arbitrary<Property> {
  const value = anyValueOf(dbType);
  const json = dbType.name === 'JSON';
  const flag = json ? fc.constant(false) : fc.boolean();
  const types: readonly PropertyType[] = json ? ['array', 'object'] : [TYPE_OF[dbType.name]];
  return fc
    .record({
      name: anyName,
      type: fc.constantFrom(...types),
      dbType: fc.constant(dbType),
      required: fc.boolean(),
      default: json ? fc.constant(null) : fc.option(value),
      primaryKey: fc.constant(false),
      unique: flag,
      description: fc.option(fc.string()),
      index: flag,
      rules: anyRules(dbType, value),
    })
    .map((property) => ({ ...property, default: property.rules.enum?.[0] ?? defaultWithin(property) }));
}

export const anyProperty: fc.Arbitrary<Property> = anyDbType.chain(anyPropertyOf);

/** The default of a property that has no rules to break, else none. */
function defaultWithin(property: Property): Value {
  return Object.values(property.rules).every((rule) => rule === null) ? property.default : null;
}

function anyRules(dbType: DbType, value: fc.Arbitrary<Exclude<Value, null>>): fc.Arbitrary<PropertyRules> {
  const none = fc.constant(NO_RULES);
  if (dbType.name === 'JSON') return none;
  const enumeration = fc
    .uniqueArray(value, { minLength: 1, maxLength: 4 })
    .map((values): PropertyRules => ({ ...NO_RULES, enum: values }));
  if (dbType.name === 'VARCHAR') return fc.oneof(none, enumeration, anyTextRules);
  if (dbType.name === 'UUID' || dbType.name === 'BOOLEAN') return fc.oneof(none, enumeration);
  const bounds = fc.tuple(value, value, fc.nat(2)).map(([a, b, which]): PropertyRules => {
    const [minimum, maximum] = compareValues(dbType, a, b) <= 0 ? [a, b] : [b, a];
    return { ...NO_RULES, minimum: which === 1 ? null : minimum, maximum: which === 2 ? null : maximum };
  });
  return fc.oneof(none, enumeration, bounds);
}

const anyTextRules: fc.Arbitrary<PropertyRules> = fc.record({
  enum: fc.constant(null),
  minimum: fc.constant(null),
  maximum: fc.constant(null),
  minLength: fc.option(fc.nat(5)),
  maxLength: fc.option(fc.integer({ min: 5, max: 50 })),
  pattern: fc.option(fc.constantFrom('^a', '[0-9]+$', '')),
  format: fc.option(fc.constantFrom('email', 'uri', 'ipv6')),
});

/** A complete dataset, as the parser would make it. */
export const anyDataset: fc.Arbitrary<Dataset> = fc
  .record({
    name: anyName,
    description: fc.string(),
    tableName: anyName,
    properties: fc.array(anyProperty, { minLength: 1, maxLength: 6 }),
    keySeed: fc.array(fc.nat(), { maxLength: 3 }),
    additionalProperties: fc.constantFrom('refuse' as const, 'ignore' as const),
    idIndex: fc.constantFrom('auto' as const, 'always' as const, 'never' as const),
    system: fc.constant(false),
  })
  .filter(({ properties }) => findClashes(properties.map(({ name }) => name)).length === 0)
  .map(({ keySeed, ...dataset }) => {
    const able = dataset.properties.filter(({ dbType }) => dbType.name !== 'JSON').map(({ name }) => name);
    const primaryKey = [...new Set(able.length === 0 ? [] : keySeed.map((seed) => able[seed % able.length] ?? ''))];
    const properties = dataset.properties.map((property) =>
      primaryKey.includes(property.name) ? { ...property, primaryKey: true, required: true } : property,
    );
    return { ...dataset, primaryKey, properties };
  });
