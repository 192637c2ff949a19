import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyDataset, anyProperty, datasetFrom } from '#tests/support/any-dataset.ts';
import { compareTypes } from './compare-types.ts';
import type { Dataset, Property } from './dataset.ts';
import { type DbType, parseDbType } from './db-type.ts';
import { type EvolutionStep, planEvolution } from './evolution.ts';
import { findClashes } from './names.ts';

/** `kind safety loses` of each step. */
function stepsOf(stored: Dataset | null, dataset: Dataset): string[] {
  return planEvolution(stored, dataset).steps.map(({ step, safety, loses }) => {
    return `${step.kind} ${safety}${loses ? ' loses' : ''}`;
  });
}

function changed(dataset: Dataset, at: number, members: Partial<Property>): Dataset {
  return {
    ...dataset,
    properties: dataset.properties.map((property, i) => (i === at ? { ...property, ...members } : property)),
  };
}

const anyPlace = anyDataset.chain((dataset) => fc.tuple(fc.constant(dataset), fc.nat(dataset.properties.length - 1)));

test('a dataset that did not change needs no step', () => {
  fc.assert(
    fc.property(anyDataset, (dataset) => {
      expect(stepsOf(dataset, structuredClone(dataset))).toEqual([]);
    }),
  );
});

test('a new dataset is one step', () => {
  fc.assert(
    fc.property(anyDataset, (dataset) => {
      expect(stepsOf(null, dataset)).toEqual(['create-dataset safe']);
    }),
  );
});

test('each single change of a dataset is exactly its step', () => {
  const changes: [string, (dataset: Dataset) => Dataset][] = [
    ['change-description safe', (dataset) => ({ ...dataset, description: `${dataset.description}!` })],
    ['rename-table refused', (dataset) => ({ ...dataset, tableName: `${dataset.tableName}x` })],
    ['change-id-index safe', (dataset) => ({ ...dataset, idIndex: dataset.idIndex === 'auto' ? 'never' : 'auto' })],
    [
      'change-description safe',
      (dataset) => ({
        ...dataset,
        additionalProperties: dataset.additionalProperties === 'refuse' ? 'ignore' : 'refuse',
      }),
    ],
  ];
  fc.assert(
    fc.property(anyDataset, fc.constantFrom(...changes), (dataset, [step, change]) => {
      expect(stepsOf(dataset, change(dataset))).toEqual([step]);
    }),
  );
});

test('each flag of a property is exactly its step', () => {
  fc.assert(
    fc.property(anyPlace, ([dataset, at]) => {
      const property = dataset.properties[at] as Property;
      const { unique, index, required, primaryKey } = property;
      expect(stepsOf(dataset, changed(dataset, at, { unique: !unique }))).toEqual([
        unique ? 'drop-unique safe' : 'add-unique check',
      ]);
      expect(stepsOf(dataset, changed(dataset, at, { index: !index }))).toEqual([
        index ? 'drop-index safe' : 'add-index safe',
      ]);
      expect(stepsOf(dataset, changed(dataset, at, { description: 'another thing' }))).toEqual([
        'change-description safe',
      ]);
      if (!primaryKey) {
        const step = required ? 'relax-rules safe' : 'tighten-rules check';
        expect(stepsOf(dataset, changed(dataset, at, { required: !required }))).toEqual([step]);
      }
      if (property.default !== null) {
        expect(stepsOf(dataset, changed(dataset, at, { default: null }))).toEqual(['change-default safe']);
      }
    }),
  );
});

test('a property that comes or goes is exactly its step', () => {
  fc.assert(
    fc.property(anyDataset, anyProperty, (dataset, property) => {
      const properties = [...dataset.properties, property];
      fc.pre(findClashes(properties.map(({ name }) => name)).length === 0);
      const larger = { ...dataset, properties };
      const fits = property.default === null ? !property.required : !property.unique;
      expect(stepsOf(dataset, larger)).toEqual([`add-property ${fits ? 'safe' : 'check'}`]);
      expect(stepsOf(larger, dataset)).toEqual(['drop-property refused loses']);
    }),
  );
});

test('the rules of a property taken away are looser, and stricter the other way', () => {
  const none = {
    enum: null,
    minimum: null,
    maximum: null,
    minLength: null,
    maxLength: null,
    pattern: null,
    format: null,
  };
  fc.assert(
    fc.property(anyPlace, ([dataset, at]) => {
      fc.pre(Object.values(dataset.properties[at]?.rules ?? none).some((rule) => rule !== null));
      const without = changed(dataset, at, { rules: none });
      expect(stepsOf(dataset, without)).toEqual(['relax-rules safe']);
      expect(stepsOf(without, dataset)).toEqual(['tighten-rules check']);
    }),
  );
});

describe('by example', () => {
  const file = (members: object, more: object = {}) =>
    datasetFrom({
      name: 't',
      properties: [
        { name: 'a', type: 'integer', ...members },
        { name: 'b', type: 'string' },
      ],
      ...more,
    });

  test.each<[object, object, string]>([
    [{ minimum: 1 }, { minimum: 2 }, 'The rules of "a" are stricter: minimum is 2 instead of 1.'],
    [{ minimum: 2 }, { minimum: 1 }, 'The rules of "a" are looser: minimum is 1 instead of 2.'],
    [{ maximum: 2 }, { maximum: 1 }, 'The rules of "a" are stricter: maximum is 1 instead of 2.'],
    [{ enum: [1] }, { enum: [1, 2] }, 'The rules of "a" are looser: enum has also 2.'],
    [{ enum: [1, 2] }, { enum: [2, 3] }, 'The rules of "a" are stricter: enum no longer has 1.'],
    [{ db_type: 'INTEGER' }, {}, 'The type of "a" is BIGINT instead of INTEGER, which is wider; every value stays.'],
    [
      { minimum: 1, db_type: 'INTEGER', default: 5 },
      { minimum: 1, default: 5 },
      'The type of "a" is BIGINT instead of',
    ],
  ])('%j to %j', (before, after, reason) => {
    const { steps } = planEvolution(file(before), file(after));
    expect(steps).toHaveLength(1);
    expect(steps[0]?.reason).toContain(reason);
  });

  test('a mixed change of rules is one stricter step', () => {
    expect(stepsOf(file({ minimum: 1, maximum: 5 }), file({ minimum: 2, maximum: 6 }))).toEqual([
      'tighten-rules check',
    ]);
  });

  test('the natural key', () => {
    expect(stepsOf(file({}), file({}, { primary_key: ['a'] }))).toEqual(['change-key refused']);
    expect(stepsOf(file({}, { primary_key: ['a', 'b'] }), file({}, { primary_key: ['b', 'a'] }))).toEqual([
      'change-key refused',
    ]);
  });

  test('order', () => {
    const a = { name: 'a', type: 'integer' };
    const b = { name: 'b', type: 'integer' };
    const of = (...properties: object[]) => datasetFrom({ name: 't', properties });
    expect(stepsOf(of(a, b), of(b, a))).toEqual(['reorder-properties safe']);
    expect(stepsOf(of(a), of(b, a))).toEqual(['add-property safe', 'reorder-properties safe']);
    expect(stepsOf(of(a, b), of(b))).toEqual(['drop-property refused loses']);
  });

  test('a list instead of an object is refused', () => {
    const of = (type: string) => datasetFrom({ name: 't', properties: [{ name: 'a', type }] });
    expect(stepsOf(of('array'), of('object'))).toEqual(['change-type refused']);
  });
});

test.each([
  ['SMALLINT', 'INTEGER', 'wider'],
  ['INTEGER', 'SMALLINT', 'lossy'],
  ['INTEGER', 'DOUBLE', 'wider'],
  ['BIGINT', 'DOUBLE', 'lossy'],
  ['BIGINT', 'DECIMAL(19,0)', 'wider'],
  ['BIGINT', 'DECIMAL(19,1)', 'lossy'],
  ['DECIMAL(10,2)', 'DECIMAL(12,4)', 'wider'],
  ['DECIMAL(10,2)', 'DECIMAL(12,5)', 'lossy'],
  ['DECIMAL(10,2)', 'DOUBLE', 'lossy'],
  ['DATE', 'TIMESTAMP', 'rewritten'],
  ['TIMESTAMP', 'DATE', 'lossy'],
  ['UUID', 'VARCHAR', 'rewritten'],
  ['VARCHAR', 'UUID', 'lossy'],
])('%s to %s is %s', (from, to, change) => {
  expect(compareTypes(parseDbType(from) as DbType, parseDbType(to) as DbType)).toBe(change);
});

test('every step has one sentence of reason', () => {
  fc.assert(
    fc.property(anyDataset, anyDataset, (stored, dataset) => {
      const kinds = new Set<EvolutionStep['kind']>();
      for (const { reason, step } of planEvolution(stored, dataset).steps) {
        expect(reason).toMatch(/^[A-Zi][\s\S]+\.$/);
        kinds.add(step.kind);
      }
      expect(kinds.size).toBeGreaterThan(0);
    }),
    { numRuns: 50 },
  );
});
