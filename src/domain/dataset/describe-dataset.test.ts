import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson, writeJson } from '#domain/record/json.ts';
import { anyDataset, datasetFrom } from '#tests/support/any-dataset.ts';
import { datasetFromDescription, describeDataset } from './describe-dataset.ts';

test('any dataset comes back from its description as it was', () => {
  fc.assert(
    fc.property(anyDataset, (dataset) => {
      const text = writeJson(describeDataset(dataset));
      expect(datasetFromDescription(parseJson(text))).toEqual(dataset);
    }),
  );
});

test('a plain dataset is described by the members of the contract alone', () => {
  const dataset = datasetFrom({
    name: 'wells',
    primary_key: ['code'],
    properties: [
      { name: 'code', type: 'integer' },
      { name: 'oil', type: 'number', db_type: 'DECIMAL(18,4)', default: 7.25, description: 'kbd' },
    ],
  });
  expect(JSON.parse(writeJson(describeDataset(dataset)))).toEqual({
    name: 'wells',
    description: '',
    table_name: 'wells',
    primary_key: ['code'],
    properties: [
      { name: 'code', type: 'integer', db_type: 'BIGINT', required: true, default: null, primary_key: true },
      {
        name: 'oil',
        type: 'number',
        db_type: 'DECIMAL(18,4)',
        required: false,
        default: 7.25,
        primary_key: false,
        description: 'kbd',
      },
    ],
  });
});

test('what is no description is refused with its first fault', () => {
  expect(() => datasetFromDescription(null)).toThrow('must be an object');
});
