import { expect, test } from 'vitest';
import { jsonFrom } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import { everyType } from '#tests/support/dataset-builders.ts';
import { evaluate } from './evaluate.ts';
import { parseFilter } from './parse-filter.ts';

const dataset = everyType();
const limits = { maxConditions: 100, maxDepth: 10, maxListLength: 100 };

function record(values: Record<string, Value>): StoredRecord {
  return {
    id: '0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d',
    row: dataset.properties.map((property) => values[property.name] ?? null),
    createdAt: '2024-01-01T00:00:00Z',
    updatedAt: '2024-01-01T00:00:00.5Z',
    version: 2,
    seq: 9,
  };
}

const row = record({ int: 5, text: 'b', price: '-1.5000', moment: '1969-12-31T23:59:59.5Z', big: 2n ** 63n - 1n });

test.each([
  [{ field: 'int', operator: 'eq', value: 5 }, true],
  [{ field: 'int', operator: 'ne', value: 5 }, false],
  [{ field: 'int', operator: 'lt', value: 6 }, true],
  [{ field: 'int', operator: 'eq', value: null }, null],
  [{ field: 'small', operator: 'ne', value: 5 }, null],
  [{ not: { field: 'small', operator: 'eq', value: 5 } }, null],
  [{ field: 'small', operator: 'is_null' }, true],
  [{ field: 'int', operator: 'in', value: [] }, false],
  [{ field: 'small', operator: 'in', value: [] }, false],
  [{ not: { field: 'small', operator: 'in', value: [] } }, true],
  [{ field: 'int', operator: 'in', value: [null, 5] }, true],
  [{ field: 'int', operator: 'in', value: [null, 6] }, null],
  [{ field: 'small', operator: 'in', value: [1] }, null],
  [{ and: [] }, true],
  [{ or: [] }, false],
  [{ not: { or: [] } }, true],
  [{ and: [{ field: 'small', operator: 'eq', value: 1 }, { or: [] }] }, false],
  [{ and: [{ field: 'small', operator: 'eq', value: 1 }, { and: [] }] }, null],
  [{ or: [{ field: 'small', operator: 'eq', value: 1 }, { and: [] }] }, true],
  [{ or: [{ field: 'small', operator: 'eq', value: 1 }, { or: [] }] }, null],
  [{ field: 'price', operator: 'lt', value: -1.4 }, true],
  [{ field: 'moment', operator: 'gt', value: '1969-12-31T23:59:59Z' }, true],
  [{ field: 'big', operator: 'gt', value: 9223372036854775806n }, true],
  [{ field: 'text', operator: 'like', value: '_' }, true],
  [{ field: '_seq', operator: 'eq', value: 9 }, true],
  [{ field: '_seq', operator: 'in', value: [9] }, true],
  [{ field: 'version', operator: 'gte', value: 2 }, true],
  [{ field: 'updated_at', operator: 'gt', value: '2024-01-01T00:00:00Z' }, true],
  [{ field: 'id', operator: 'eq', value: '0190A6C2-1b7e-7cc3-9d2f-5e8f3c1a2b4d' }, true],
])('%o is %j', (condition, expected) => {
  const filter = parseFilter(dataset, jsonFrom([condition]), limits);
  expect(filter && evaluate(filter, row)).toBe(expected);
});
