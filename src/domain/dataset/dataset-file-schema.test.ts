import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonFrom, writeJson } from '#domain/record/json.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { anyDataset } from '#tests/support/any-dataset.ts';
import { DATASET_FILE_SCHEMA } from './dataset-file-schema.ts';
import { describeDataset } from './describe-dataset.ts';
import { DATASET_KEYS, PROPERTY_KEYS } from './file-words.ts';
import { parseDataset } from './parse-dataset.ts';

const accepts = new Ajv2020({ allowUnionTypes: true, strictTypes: false }).compile(DATASET_FILE_SCHEMA);

test('the published schema is the one in the code (node scripts/write-reference.ts makes it)', () => {
  const file = new URL('../../../docs/reference/dataset-file.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(DATASET_FILE_SCHEMA)));
});

test('the schema knows the keys that the reader knows', () => {
  expect(Object.keys(DATASET_FILE_SCHEMA.properties)).toEqual(DATASET_KEYS);
  expect(Object.keys(DATASET_FILE_SCHEMA.properties.properties.items.properties)).toEqual(PROPERTY_KEYS);
});

test('what the reader takes, the schema takes', () => {
  fc.assert(
    fc.property(anyDataset, (dataset) => {
      expect(accepts(JSON.parse(writeJson(describeDataset(dataset))))).toBe(true);
    }),
  );
});

const oddValue = fc.constantFrom<unknown>(
  null,
  true,
  5,
  -1,
  '',
  'x',
  '_x',
  'forge_x',
  'DECIMAL(5,2)',
  'BIGINT',
  [],
  [1],
  {},
  ['x'],
);
const oddProperty = fc
  .dictionary(fc.constantFrom(...PROPERTY_KEYS, 'typo'), oddValue)
  .chain((odd) =>
    fc
      .constantFrom('string', 'integer', 'number', 'boolean', 'array', 'object')
      .map((type) => ({ name: 'a', type, ...odd })),
  );
const oddFile = fc
  .tuple(fc.dictionary(fc.constantFrom(...DATASET_KEYS, 'typo'), oddValue), fc.array(oddProperty, { maxLength: 2 }))
  .map(([odd, properties]) => ({ name: 'things', properties, ...odd }));

test('what the schema refuses, the reader refuses', () => {
  fc.assert(
    fc.property(oddFile, (file) => {
      if (accepts(file)) return;
      expect(parseDataset(jsonFrom(file), compileRe2).ok, JSON.stringify(accepts.errors)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});
