import { describe, expect, test } from 'vitest';
import { jsonFrom } from '../record/json.ts';
import { OPERATION_NAMES, OPERATIONS, parseAnalysis, readOperation, resultColumns } from './analysis.ts';
import type { AnalysisColumn } from './column.ts';
import { schemaOf } from './parameter.ts';

const COLUMNS: readonly AnalysisColumn[] = [
  { name: 'id', dbType: { name: 'UUID' }, nullable: false, system: true },
  { name: 'region', dbType: { name: 'VARCHAR' }, nullable: true, system: false },
  { name: 'amount', dbType: { name: 'DOUBLE' }, nullable: true, system: false },
  { name: 'day', dbType: { name: 'DATE' }, nullable: true, system: false },
  { name: 'extra', dbType: { name: 'JSON' }, nullable: true, system: false },
];
const INPUT = { columns: COLUMNS, others: [] };

function faultsOf(operation: string, parameters: unknown): readonly string[] {
  try {
    parseAnalysis(readOperation(operation), jsonFrom(parameters), INPUT);
    return [];
  } catch (error) {
    const { faults } = error as { faults: readonly { pointer: string; message: string }[] };
    return faults.map(({ pointer, message }) => `${pointer}: ${message}`);
  }
}

describe('the parameters of an operation', () => {
  test('have defaults, which leave out what only the system knows', () => {
    const { parameters } = parseAnalysis('summary', null, INPUT);
    expect(parameters).toEqual({ columns: ['region', 'amount', 'day', 'extra'], top: 5, bins: 10, approximate: false });
    expect(parseAnalysis('quantiles', null, INPUT).parameters).toMatchObject({ columns: ['amount'] });
  });

  test('are all checked, each fault with its place and how to mend it', () => {
    expect(
      faultsOf('group', { by: [{ column: 'regon' }, { column: 'extra' }], measures: [{ function: 'mean' }] }),
    ).toEqual([
      '/parameters/by/0/column: "regon" is not a column (did you mean "region"?); the columns are id, region, amount, day, extra.',
      '/parameters/by/1/column: extra is JSON, and this must be anything but JSON.',
      '/parameters/measures/0/column: mean needs a column.',
    ]);
    expect(
      faultsOf('group', {
        by: [
          { column: 'region', bucket: 'day' },
          { column: 'day', bucket: 'hour' },
        ],
      }),
    ).toEqual([
      '/parameters/by/0/bucket: region cannot be gathered by day; leave it out.',
      '/parameters/by/1/bucket: day cannot be gathered by hour; it may be year, quarter, month, week, day.',
    ]);
    expect(faultsOf('regression', { x: ['amount', 'amount'], intercept: 'yes' })).toEqual([
      '/parameters/y: y is needed: The column to explain.',
      '/parameters/x/1: amount is named twice; name it once.',
      '/parameters/intercept: intercept must be true or false.',
    ]);
    expect(faultsOf('quantiles', { probabilities: [0.5, 2] })).toEqual([
      '/parameters/probabilities/1: Each item of probabilities must be a number from 0 to 1.',
    ]);
    expect(faultsOf('summary', [])).toEqual(['/parameters: parameters must be an object, not an array.']);
    expect(faultsOf('summary', { top: 1.5, bins: -1, colums: [] })).toHaveLength(3);
  });
});

describe('an operation', () => {
  test.each(OPERATION_NAMES)('%s describes itself and its parameters', (name) => {
    const { description, parameters } = OPERATIONS[name];
    expect(description).toMatch(/^[A-Z].*\.$/);
    const { properties } = schemaOf(parameters) as { properties: Record<string, { description?: string }> };
    for (const schema of Object.values(properties)) expect(schema.description).toMatch(/^[A-Z].*\.$/);
  });

  test('tells apart columns of the result that would have one name', () => {
    const measures = [
      { function: 'count', as: 'region' },
      { function: 'count', as: 'n' },
      { function: 'sum', column: 'amount', as: 'n' },
    ];
    const analysis = parseAnalysis('group', jsonFrom({ by: [{ column: 'region' }], measures }), INPUT);
    expect(resultColumns(analysis, INPUT)?.map(({ name }) => name)).toEqual(['region', 'region_2', 'n', 'n_2']);
  });

  test('knows the columns of its result before a row is read', () => {
    const analysis = parseAnalysis(
      'group',
      jsonFrom({ by: [{ column: 'region' }], measures: [{ function: 'max', column: 'day' }] }),
      INPUT,
    );
    expect(resultColumns(analysis, INPUT)).toEqual([
      { name: 'region', dbType: { name: 'VARCHAR' }, nullable: true },
      { name: 'max_day', dbType: { name: 'DATE' }, nullable: true },
    ]);
  });
});
