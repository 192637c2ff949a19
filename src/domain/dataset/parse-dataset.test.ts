import { describe, expect, test } from 'vitest';
import { jsonFrom, parseJson } from '#domain/record/json.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { datasetFrom } from '#tests/support/any-dataset.ts';
import { parseDataset } from './parse-dataset.ts';

function faultsOf(file: unknown): string[] {
  const parsed = parseDataset(jsonFrom(file), compileRe2);
  return parsed.ok ? [] : parsed.faults.map(({ pointer, message }) => `${pointer}: ${message}`);
}

/** The faults of a dataset whose one property has these members. */
function faultsOfProperty(members: object): string[] {
  return faultsOf({ name: 'things', properties: [{ name: 'x', ...members }] });
}

test('everything that a file leaves out is filled in', () => {
  expect(datasetFrom({ name: 'things', properties: [{ name: 'x', type: 'number' }] })).toEqual({
    name: 'things',
    description: '',
    tableName: 'things',
    primaryKey: [],
    additionalProperties: 'refuse',
    idIndex: 'auto',
    system: false,
    properties: [
      {
        name: 'x',
        type: 'number',
        dbType: { name: 'DOUBLE' },
        required: false,
        default: null,
        primaryKey: false,
        unique: false,
        description: null,
        index: false,
        rules: {
          enum: null,
          minimum: null,
          maximum: null,
          minLength: null,
          maxLength: null,
          pattern: null,
          format: null,
        },
      },
    ],
  });
});

test('values are exact', () => {
  const text = `{"name": "t", "properties": [
    {"name": "big", "type": "integer", "default": 9007199254740993, "maximum": 9223372036854775807},
    {"name": "price", "type": "number", "db_type": "DECIMAL(38,4)", "default": 12345678901234567890.5},
    {"name": "tags", "type": "array", "default": [1, {"b": 1, "a": 2.50}]}]}`;
  const parsed = parseDataset(parseJson(text), compileRe2);
  expect(parsed.ok && parsed.dataset.properties.map((property) => property.default)).toEqual([
    9007199254740993n,
    '12345678901234567890.5000',
    '[1,{"b":1,"a":2.50}]',
  ]);
});

describe('the natural key', () => {
  const properties = [
    { name: 'a', type: 'integer' },
    { name: 'b', type: 'integer', primary_key: true },
    { name: 'c', type: 'object' },
  ];

  test('is what the list says, in its order, and its members are required', () => {
    const dataset = datasetFrom({ name: 't', primary_key: ['b', 'a'], properties });
    expect(dataset.primaryKey).toEqual(['b', 'a']);
    expect(dataset.properties.map(({ primaryKey, required }) => [primaryKey, required])).toEqual([
      [true, true],
      [true, true],
      [false, false],
    ]);
  });

  test('is what the flags say where there is no list', () => {
    expect(datasetFrom({ name: 't', properties }).primaryKey).toEqual(['b']);
    expect(datasetFrom({ name: 't', primary_key: null, properties }).primaryKey).toEqual(['b']);
    expect(datasetFrom({ name: 't', primary_key: 'b', properties }).primaryKey).toEqual(['b']);
  });

  test.each([
    [['a'], '/primary_key: primary_key does not name "b", whose own primary_key is true'],
    [['b', 'b'], '/primary_key/1: primary_key names "b" twice'],
    [['b', 'd'], '/primary_key/1: primary_key names "d", which is not a property'],
    [['b', 'c'], '/primary_key/1: primary_key names "c", which holds JSON'],
    [7, '/primary_key: primary_key must be a list of property names'],
    ['bb', '/primary_key: primary_key names "bb", which is not a property (did you mean "b"?)'],
  ])('%j is refused', (primary_key, fault) => {
    expect(faultsOf({ name: 't', primary_key, properties })[0]).toContain(fault);
  });
});

test.each<[object, string]>([
  [{}, ': Property "x" needs a type; write type: with one of string,'],
  [{ type: 'text' }, '/properties/0/type: Property "x": type "text" is not known (write type: string)'],
  [{ type: 'strnig' }, '(did you mean "string"?)'],
  [{ type: 'date' }, '(write type: string with db_type: DATE)'],
  [{ type: 'constructor' }, 'type "constructor" is not known; it must be one of'],
  [{ type: 5 }, '/properties/0/type: Property "x": type must be a text, not a number; put it in quotes: "5"'],
  [
    { type: 'string', db_type: 'BIGINT' },
    'db_type BIGINT does not fit type string; write type: integer, or one of VARCHAR,',
  ],
  [{ type: 'number', db_type: 'DECIMAL' }, '(write DECIMAL(18,4), its digits in all and those behind the point)'],
  [{ type: 'number', db_type: 'DECIMAL(39,2)' }, '(write DECIMAL(p,s) with p from 1 to 38'],
  [{ type: 'integer', db_type: 'INT' }, '(write INTEGER); for type integer it may be BIGINT, INTEGER, SMALLINT'],
  [
    { type: 'string', requird: true },
    '/properties/0/requird: Property "x" may not have "requird" (did you mean "required"?)',
  ],
  [{ type: 'string', required: 'yes' }, 'required must be true or false, not the text "yes"'],
  [{ type: 'integer', default: 1.5 }, '/properties/0/default: Property "x": default must be an integer'],
  [{ type: 'integer', default: '1' }, 'default must be an integer, not a string'],
  [{ type: 'integer', default: 1, minimum: 2 }, "default must be at least 2, by the property's own rule"],
  [{ type: 'string', default: 'c', enum: ['a', 'b'] }, 'default must be one of'],
  [{ type: 'array', default: {} }, 'default must be an array, not an object'],
  [
    { type: 'integer', minimum: 3, maximum: 2 },
    '/properties/0/maximum: Property "x": maximum 2 is less than minimum 3',
  ],
  [{ type: 'string', minimum: 3 }, 'Property "x" is VARCHAR, for which minimum means nothing; leave it out'],
  [{ type: 'string', db_type: 'DATE', maximum: 'soon' }, 'maximum must be a date like 2024-01-31'],
  [{ type: 'string', min_length: 3, max_length: 2 }, 'max_length 2 is less than min_length 3'],
  [{ type: 'string', min_length: -1 }, 'min_length must be a whole number from 0, like 10, not -1'],
  [
    { type: 'string', pattern: '(?=a)' },
    '/properties/0/pattern: Property "x": pattern is not a regular expression in RE2 syntax',
  ],
  [{ type: 'string', format: 'e-mail' }, 'format "e-mail" is not known (did you mean "email"?); write one of email,'],
  [{ type: 'string', enum: [] }, 'enum must name at least one value'],
  [{ type: 'string', enum: ['a', 'a'] }, '/properties/0/enum/1: Property "x": enum names a twice'],
  [{ type: 'string', enum: ['a', null] }, '/properties/0/enum/1: Property "x": value 2 of enum must not be null'],
  [
    { type: 'string', enum: ['abc'], max_length: 2 },
    '/properties/0/enum/0: Property "x": value 1 of enum must have at most 2',
  ],
  [{ type: 'object', unique: true }, 'Property "x" holds JSON, which cannot be compared, so it may not have unique'],
  [{ type: 'object', enum: [1] }, 'for which enum means nothing'],
])('a property with %j is refused', (members, fault) => {
  const faults = faultsOfProperty(members);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(fault);
});

test('every fault is told at once', () => {
  const faults = faultsOf({
    nme: 'things',
    table_name: '_things',
    id_index: 'maybe',
    properties: [{ name: 'a', type: 'txt' }, { name: 'A', type: 'string', index: 1 }, 'b', { name: 'forge_c' }],
  });
  expect(faults).toEqual([
    expect.stringMatching(/^\/nme: The dataset may not have "nme" \(did you mean "name"\?\)/),
    expect.stringMatching(/^: The dataset needs a name/),
    expect.stringMatching(/^\/table_name: The table_name "_things" must not begin with "_"/),
    expect.stringMatching(/^\/id_index: The dataset: id_index "maybe" is not known/),
    expect.stringMatching(/^\/properties\/0\/type: /),
    expect.stringMatching(/^\/properties\/1\/index: /),
    expect.stringMatching(/^\/properties\/2: Each property must be an object/),
    expect.stringMatching(/^\/properties\/3\/name: The property name "forge_c" must not begin with "forge_"/),
    expect.stringMatching(/^\/properties\/3: Property "forge_c" needs a type/),
    expect.stringMatching(/^\/properties\/1\/name: Property "A" differs from "a" only by case/),
  ]);
});

test.each([
  [[], ': A dataset file must be an object'],
  [{ name: 't' }, ': The dataset needs at least one property'],
  [{ name: 't', properties: [] }, '/properties: The dataset needs at least one property'],
  [
    { name: 't', properties: { a: 1 } },
    '/properties: The dataset: properties must be a list, not an object; write properties:',
  ],
  [{ name: 7, properties: [{ name: 'a', type: 'string' }] }, '/name: The dataset: name must be a text, not a number'],
])('%j is no dataset', (file, fault) => {
  const faults = faultsOf(file);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(fault);
});

test('a member named twice is a fault', () => {
  const parsed = parseDataset(
    parseJson('{"name":"a","name":"b","properties":[{"name":"x","type":"string"}]}'),
    compileRe2,
  );
  expect(parsed).toMatchObject({ ok: false, name: 'a', faults: [{ pointer: '/name' }] });
});
