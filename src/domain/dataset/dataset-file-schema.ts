import { VALUE_FORMATS } from '../record/formats.ts';
import { DB_TYPES_OF } from './db-type.ts';
import { ADDITIONAL_PROPERTIES, ID_INDEXES, PROPERTY_TYPES } from './file-words.ts';
import { MAX_NAME_LENGTH } from './names.ts';
import { BOUNDED_TYPES } from './parse-rules.ts';

const DECIMAL_PATTERN = '^DECIMAL\\(\\s*([1-9]|[12][0-9]|3[0-8])\\s*,\\s*([0-9]|[12][0-9]|3[0-8])\\s*\\)$';

const name = (description: string) => ({
  description,
  type: 'string',
  minLength: 1,
  maxLength: MAX_NAME_LENGTH,
  pattern: '^(?!_|[fF][oO][rR][gG][eE]_)[^\\u0000-\\u001f\\u007f-\\u009f]*$',
});

const count = (description: string) => ({ description, type: ['integer', 'null'], minimum: 0 });
const flag = (description: string) => ({ description, type: ['boolean', 'null'], default: false });
const word = (description: string, words: readonly string[], first: string | null) => ({
  description,
  enum: [...words, null],
  ...(first === null ? {} : { default: first }),
});
const text = (description: string) => ({ description, type: ['string', 'null'] });

function dbTypes(type: keyof typeof DB_TYPES_OF) {
  const names = DB_TYPES_OF[type].filter((dbType) => dbType !== 'DECIMAL');
  const plain = { enum: [...names, null] };
  return DB_TYPES_OF[type].includes('DECIMAL')
    ? { anyOf: [plain, { type: 'string', pattern: DECIMAL_PATTERN }] }
    : plain;
}

/** What may stand in `db_type` beside each `type`, for editors. */
const typePairs = PROPERTY_TYPES.map((type) => ({
  if: { properties: { type: { const: type } }, required: ['type'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { db_type: dbTypes(type) } },
}));

const bounded = `for ${BOUNDED_TYPES.join(', ')}`;

const propertySchema = {
  type: 'object',
  required: ['name', 'type'],
  additionalProperties: false,
  allOf: typePairs,
  properties: {
    name: name('The name of the property: any Unicode text, unique in the dataset without regard to case.'),
    type: { description: 'What the property holds.', enum: [...PROPERTY_TYPES] },
    db_type: {
      description: `How it is stored. ${PROPERTY_TYPES.map((type) => `${type}: ${DB_TYPES_OF[type].join(', ').replace('DECIMAL', 'DECIMAL(p,s)')}`).join('; ')}. The first of a type is its default.`,
      type: ['string', 'null'],
    },
    required: flag('Never null, and must be given unless there is a default.'),
    default: { description: 'The value of the property where a row does not have it.' },
    primary_key: flag('Whether the property belongs to the natural key.'),
    unique: flag('Whether no two records may have the same value.'),
    description: text('What the property means, for people.'),
    enum: { description: 'The only values it may have.', type: ['array', 'null'], minItems: 1 },
    minimum: { description: `The least value, ${bounded}.`, type: ['number', 'string', 'null'] },
    maximum: { description: `The greatest value, ${bounded}.`, type: ['number', 'string', 'null'] },
    min_length: count('The least length of a VARCHAR, in code points.'),
    max_length: count('The greatest length of a VARCHAR, in code points.'),
    pattern: text(
      'A regular expression in RE2 syntax that must be found in a VARCHAR; write ^ and $ to mean all of it.',
    ),
    format: word('What a VARCHAR must be.', VALUE_FORMATS, null),
    index: flag('Whether the store keeps an index for filters by this property.'),
  },
} as const;

/** The dataset file format as JSON Schema 2020-12; `docs/reference/dataset-file.schema.json` is made of it. */
export const DATASET_FILE_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Data Forge dataset file',
  description:
    'One dataset: its name, its properties and their rules. YAML, JSON and TypeScript files all have this shape.',
  type: 'object',
  required: ['name', 'properties'],
  additionalProperties: false,
  properties: {
    $schema: text('Where this schema is, for editors; it has no other meaning.'),
    name: name('The name of the dataset, unique without regard to case; it stands in addresses.'),
    description: text('What the dataset holds, for people.'),
    table_name: {
      ...name('The name of its table in SQL; the name of the dataset where it is left out.'),
      type: ['string', 'null'],
    },
    primary_key: {
      description: 'The properties that make the natural key, in order: unique together and never null.',
      anyOf: [{ type: 'array', items: { type: 'string' }, uniqueItems: true }, { type: 'string' }, { type: 'null' }],
    },
    properties: {
      description: 'The properties in the order of answers and files.',
      type: 'array',
      minItems: 1,
      items: propertySchema,
    },
    additional_properties: word(
      'What becomes of members of a row that are no property.',
      ADDITIONAL_PROPERTIES,
      'refuse',
    ),
    id_index: word(
      'Whether reads by id may rely on an index: auto lets the store choose, always is for ids that other systems made.',
      ID_INDEXES,
      'auto',
    ),
  },
} as const;
