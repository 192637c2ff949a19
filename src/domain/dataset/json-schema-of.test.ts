import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import { jsonOfValue } from '#domain/record/value-json.ts';
import { anyProperty, anyValueOf, datasetFrom } from '#tests/support/any-dataset.ts';
import { jsonSchemaOf } from './json-schema-of.ts';

function plain(json: JsonObject) {
  return JSON.parse(writeJson(json));
}

test('a dataset has a schema that says all of it', () => {
  const dataset = datasetFrom({
    name: 'wells',
    description: 'Wells',
    primary_key: ['code'],
    properties: [
      { name: 'code', type: 'integer', db_type: 'INTEGER', minimum: 1 },
      { name: 'kind', type: 'string', enum: ['a', 'b'], default: 'a', required: true },
      { name: 'oil', type: 'number', db_type: 'DECIMAL(6,2)', description: 'kbd' },
      { name: 'note', type: 'string', pattern: '(?i)x', max_length: 5 },
      { name: 'at', type: 'string', db_type: 'DATE', minimum: '2000-01-01' },
      { name: 'more', type: 'object' },
    ],
  });
  expect(plain(jsonSchemaOf(dataset))).toEqual({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'wells',
    description: 'Wells',
    type: 'object',
    properties: {
      code: { type: 'integer', format: 'int32', minimum: 1, maximum: 2147483647, 'x-db-type': 'INTEGER' },
      kind: { type: 'string', enum: ['a', 'b'], default: 'a', 'x-db-type': 'VARCHAR' },
      oil: {
        type: ['number', 'null'],
        description: 'kbd',
        minimum: -10000,
        maximum: 10000,
        'x-db-type': 'DECIMAL(6,2)',
      },
      note: { type: ['string', 'null'], maxLength: 5, 'x-re2-pattern': '(?i)x', 'x-db-type': 'VARCHAR' },
      at: { type: ['string', 'null'], format: 'date', 'x-minimum': '2000-01-01', 'x-db-type': 'DATE' },
      more: { type: ['object', 'null'], 'x-db-type': 'JSON' },
    },
    required: ['code'],
    additionalProperties: false,
    'x-primary-key': ['code'],
  });
  expect(plain(jsonSchemaOf(dataset, 'output')).required).toEqual(['code', 'kind', 'oil', 'note', 'at', 'more']);
});

test('numbers are exact', () => {
  const dataset = datasetFrom({ name: 't', properties: [{ name: 'a', type: 'integer' }] });
  expect(writeJson(jsonSchemaOf(dataset))).toContain('"maximum":9223372036854775807');
});

test('every schema is one, and takes the values that its property may have', () => {
  const cases = anyProperty
    .filter(({ rules, type }) => Object.values(rules).every((rule) => rule === null) && type !== 'object')
    .chain((property) => fc.tuple(fc.constant(property), fc.option(anyValueOf(property.dbType))));
  fc.assert(
    fc.property(cases, ([property, value]) => {
      fc.pre(value !== null || !property.required);
      const dataset = {
        ...datasetFrom({ name: 't', properties: [{ name: 'x', type: 'string' }] }),
        properties: [property],
      };
      const ajv = new Ajv2020({ allowUnionTypes: true, strict: false, validateFormats: false });
      const accepts = ajv.compile(plain(jsonSchemaOf(dataset)));
      const row = new JsonObject([{ name: property.name, value: jsonOfValue(property.dbType, value) }]);
      expect(accepts(JSON.parse(writeJson(parseJson(writeJson(row)))))).toBe(true);
    }),
  );
});
