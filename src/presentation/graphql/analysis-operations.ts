import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
} from 'graphql';
import type { AnalysisRun } from '#application/analysis/analysis-run.ts';
import type { UseCases } from '#application/use-cases.ts';
import { OPERATION_NAMES } from '#domain/analysis/analysis.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import type { Row } from '#domain/record/value.ts';
import { jsonOfValue } from '#domain/record/value-json.ts';
import { readRows } from '#formats/columns/read-values.ts';
import { analysisJob } from '../analysis-json.ts';
import { number } from './arguments.ts';
import type { Operation } from './operation.ts';
import { toPlain } from './read-record.ts';
import { jsonOfInput, SCALARS, UUID } from './scalars.ts';

const NAME = new GraphQLEnumType({
  name: 'AnalysisOperation',
  description: 'What can be computed; docs/guides/analyse.md tells what each takes.',
  values: Object.fromEntries(OPERATION_NAMES.map((name) => [name, { value: name }])),
});

const COLUMN = new GraphQLObjectType({
  name: 'AnalysisColumn',
  fields: { name: { type: new GraphQLNonNull(GraphQLString) }, type: { type: new GraphQLNonNull(GraphQLString) } },
});

const ANALYSIS = new GraphQLObjectType({
  name: 'Analysis',
  description: 'An analysis: one under way, or one with its result.',
  fields: {
    id: { type: new GraphQLNonNull(UUID) },
    state: { type: new GraphQLNonNull(GraphQLString), description: 'queued, running, done, failed or cancelled.' },
    dataset: { type: new GraphQLNonNull(GraphQLString) },
    operation: { type: new GraphQLNonNull(NAME) },
    processor: { type: new GraphQLNonNull(GraphQLString), description: 'The processor that computes it.' },
    note: { type: GraphQLString, description: 'Why that is not the one that was chosen.' },
    cached: { type: new GraphQLNonNull(GraphQLBoolean), description: 'The result was there already.' },
    part: { type: GraphQLFloat, description: 'Which part of the step under way is done, from 0 to 1.' },
    log: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLString))) },
    error: { type: GraphQLString },
    columns: { type: new GraphQLList(new GraphQLNonNull(COLUMN)), description: 'Null until it is done.' },
    rows: {
      type: SCALARS.JSON,
      description:
        'An array of rows, each an array of values; null until it is done. Of a large result the first 10 000.',
    },
    rowCount: { type: GraphQLInt, description: 'Of the whole result.' },
  },
});

/** `analyse` and `analysis` of the root of Query, and `cancelAnalysis` of the root of Mutation. */
export function analysisOperations(useCases: UseCases): {
  readonly query: Readonly<Record<string, Operation>>;
  readonly mutation: Readonly<Record<string, Operation>>;
} {
  const wait = { type: GraphQLInt, description: 'Milliseconds to wait for the result.' };
  const id = { type: new GraphQLNonNull(UUID) };
  const json = (value: unknown) => (value === undefined || value === null ? null : jsonOfInput(value));
  return {
    query: {
      analyse: {
        description: 'Computes an analysis; one that takes longer than is waited for goes on by itself.',
        type: new GraphQLNonNull(ANALYSIS),
        args: {
          dataset: { type: new GraphQLNonNull(GraphQLString) },
          operation: { type: new GraphQLNonNull(NAME) },
          parameters: { type: SCALARS.JSON },
          filters: { type: SCALARS.JSON, description: 'As REST takes them.' },
          wait,
        },
        resolve: async (_, args, context) => {
          const asked = {
            dataset: String(args.dataset),
            operation: String(args.operation),
            parameters: json(args.parameters),
            filters: json(args.filters),
            wait: number(args.wait),
          };
          const { run, cached } = await useCases.analyse(asked, context.call());
          return shown(run, cached);
        },
      },
      analysis: {
        description: 'How an analysis stands, and its result when it is done.',
        type: new GraphQLNonNull(ANALYSIS),
        args: { id, wait },
        resolve: async (_, args, context) => {
          return shown(
            await useCases.getAnalysis({ id: String(args.id), wait: number(args.wait) }, context.call()),
            true,
          );
        },
      },
    },
    mutation: {
      cancelAnalysis: {
        description: 'Ends an analysis, or forgets the result of one that has ended.',
        type: new GraphQLNonNull(ANALYSIS),
        args: { id },
        resolve: async (_, args, context) => {
          return shown(await useCases.cancelAnalysis({ id: String(args.id) }, context.call()), false);
        },
      },
    },
  };
}

function shown(run: AnalysisRun, cached: boolean) {
  const { note } = analysisJob(run);
  const { id, state, dataset, operation, processor, part, log, error, result } = run;
  return {
    id,
    state,
    dataset,
    operation,
    processor,
    note,
    cached,
    part,
    log: log.map(({ message }) => message),
    error: error?.message ?? null,
    columns: result?.columns.map(({ name, dbType }) => ({ name, type: formatDbType(dbType) })) ?? null,
    rows: () => (result === null ? null : rowsOf(result)),
    rowCount: result?.rows ?? null,
  };
}

/** Rows that a document may hold; the other roads have them all. */
const MAX_ROWS = 10_000;

function firstRows(batch: RecordBatch, most: number): RecordBatch {
  return { ...batch, length: Math.min(batch.length, most) };
}

/** Values as JSON has them, whole numbers however large. */
function rowsOf({ columns, batches }: NonNullable<AnalysisRun['result']>): unknown[][] {
  const rows: Row[] = [];
  for (const batch of batches) {
    if (rows.length >= MAX_ROWS) break;
    rows.push(...readRows(columns, firstRows(batch, MAX_ROWS - rows.length)));
  }
  return rows.map((row) => columns.map(({ dbType }, index) => toPlain(jsonOfValue(dbType, row[index] ?? null))));
}
