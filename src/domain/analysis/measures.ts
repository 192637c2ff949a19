import type { DbType } from '../dataset/db-type.ts';
import type { ColumnSchema } from '../record/batch.ts';
import {
  type AnalysisColumn,
  BIGINT,
  type ColumnKind,
  column,
  DOUBLE,
  isNumber,
  isOfKind,
  KIND_WORDS,
} from './column.ts';
import { columnName, resultName } from './column-parameters.ts';
import { listOf, objectOf, oneOf, optional, type Parameter } from './parameter.ts';

const MEASURE_FUNCTIONS = ['count', 'distinct', 'sum', 'mean', 'sd', 'variance', 'min', 'max', 'median'] as const;
export type MeasureFunction = (typeof MEASURE_FUNCTIONS)[number];

/** What is told of a group of rows. Nulls count for nothing; of no values at all everything but a count is null. */
export interface Measure {
  readonly function: MeasureFunction;
  /** Null for `count` of the rows themselves. */
  readonly column: string | null;
  /** What that column holds; null for `count` of the rows. */
  readonly source: DbType | null;
  /** Its column in the result. */
  readonly name: string;
  /** What `min` and `max` keep: numbers become DOUBLE, anything else stays what it is. */
  readonly type: DbType;
}

const KINDS: Readonly<Record<MeasureFunction, ColumnKind>> = {
  count: 'any',
  distinct: 'key',
  sum: 'number',
  mean: 'number',
  sd: 'number',
  variance: 'number',
  min: 'ordered',
  max: 'ordered',
  median: 'number',
};

const FUNCTION_WORDS =
  'count of values (of rows without a column), distinct values, sum, mean, sd and variance of a sample (n - 1), min, max, median (type 7)';

const raw = objectOf(
  {
    function: oneOf(MEASURE_FUNCTIONS, FUNCTION_WORDS),
    column: optional(columnName('any', 'The column; count does without.')),
    as: resultName('Name of the result column; else FUNCTION_COLUMN.'),
  },
  'A measure.',
);

const measure: Parameter<Measure> = {
  schema: raw.schema,
  required: true,
  read: (json, at, context) => {
    const { function: name, column: about, as } = raw.read(json, at, context);
    const named = context.columns.find((candidate) => candidate.name === about);
    if (about === null && name !== 'count') context.faults.add(`${at}/column`, `${name} needs a column.`);
    if (named !== undefined && !isOfKind(KINDS[name], named.dbType)) {
      context.faults.add(`${at}/column`, `${about} has no ${name}: it must be ${KIND_WORDS[KINDS[name]]}.`);
    }
    return {
      function: name,
      column: about,
      source: named?.dbType ?? null,
      name: as ?? (about === null ? name : `${name}_${about}`),
      type: typeOf(name, named),
    };
  },
};

function typeOf(name: MeasureFunction, about: AnalysisColumn | undefined): DbType {
  if (name === 'count' || name === 'distinct') return BIGINT;
  const keeps = (name === 'min' || name === 'max') && about !== undefined && !isNumber(about.dbType);
  return keeps ? about.dbType : DOUBLE;
}

/** One measure. */
export const oneMeasure = measure;

/** The measures of an operation; the count of rows where nothing is said. */
export function measureList(most = 200): Parameter<readonly Measure[]> {
  const countOfRows: Measure = { function: 'count', column: null, source: null, name: 'count', type: BIGINT };
  return listOf(measure, 'What is told of each group.', { most, fallback: [countOfRows] });
}

export function measureColumns(measures: readonly Measure[]): ColumnSchema[] {
  return measures.map(({ name, type }) => column(name, type));
}

/** The columns of the input that measures look at. */
export function measuredColumns(measures: readonly Measure[]): string[] {
  return measures.flatMap(({ column: name }) => (name === null ? [] : [name]));
}
