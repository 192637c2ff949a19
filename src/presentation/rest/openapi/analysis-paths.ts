import { OPERATION_NAMES, OPERATIONS } from '#domain/analysis/analysis.ts';
import { schemaOf } from '#domain/analysis/parameter.ts';
import { jsonFrom } from '#domain/record/json.ts';
import { SQL_TYPES } from '../routes/sql.ts';
import type { Tree } from './json-tree.ts';
import { json, jsonBody, parameter, problems } from './parts.ts';

const ID = parameter('id', 'path', { type: 'string', format: 'uuid' }, 'The id of the analysis.');

const JOB: Tree = {
  type: 'object',
  properties: {
    id: { type: 'string', format: 'uuid' },
    state: { enum: ['queued', 'running', 'done', 'failed', 'cancelled'] },
    dataset_id: { type: 'string' },
    operation: { type: 'string' },
    processor: { type: 'string', description: 'The processor that computes it.' },
    note: { type: ['string', 'null'], description: 'Why that is not the one that was chosen.' },
    created_at: { type: 'string', format: 'date-time' },
    started_at: { type: ['string', 'null'], format: 'date-time' },
    ended_at: { type: ['string', 'null'], format: 'date-time' },
    progress: {
      type: 'object',
      properties: { rows_read: { type: 'integer' }, rows_out: { type: 'integer' }, part: { type: ['number', 'null'] } },
    },
    log: { type: 'array', items: { type: 'object' } },
    error: { type: ['object', 'null'] },
  },
};

const TABLE: Tree = {
  type: 'object',
  properties: {
    success: { const: true },
    id: { type: 'string' },
    dataset_id: { type: 'string' },
    operation: { type: 'string' },
    processor: { type: 'string' },
    note: { type: ['string', 'null'] },
    cached: { type: 'boolean' },
    columns: { type: 'array', items: { type: 'object' } },
    rows: { type: 'array', items: { type: 'array' } },
    row_count: { type: 'integer' },
    execution_time_ms: { type: 'number' },
  },
};

const RESULT: Tree = {
  description: 'The result, in the format that Accept names.',
  content: Object.fromEntries(SQL_TYPES.map((type) => [type, type === 'application/json' ? { schema: TABLE } : {}])),
};

/** One schema for each operation, told apart by its name. */
const BODY = jsonBody(
  {
    type: 'object',
    required: ['dataset_id', 'operation'],
    properties: {
      dataset_id: { type: 'string', description: 'The name of the dataset.' },
      operation: { enum: OPERATION_NAMES },
      parameters: {
        anyOf: OPERATION_NAMES.map((name) => {
          const { description, parameters } = OPERATIONS[name];
          return jsonFrom({ title: name, description, ...schemaOf(parameters) });
        }),
      },
      filters: { type: ['array', 'null'], description: 'Only the records that match.' },
      wait_ms: { type: ['integer', 'null'], minimum: 0, description: 'How long to wait before a job is answered.' },
    },
    additionalProperties: false,
  },
  { dataset_id: 'DATASET', operation: 'summary', parameters: {} },
);

const UNKNOWN = problems('unauthorized', 'unknown_analysis');

function operation(summary: string, responses: Tree, parameters: readonly Tree[] = [], requestBody?: Tree): Tree {
  return { tags: ['Analysis'], summary, parameters, requestBody, responses };
}

/** Analyses and their jobs. */
export const ANALYSIS_PATHS: Readonly<Record<string, Tree>> = {
  '/api/v1/analysis': {
    post: operation(
      'Compute an analysis',
      {
        200: RESULT,
        202: json('It takes longer: the job that goes on with it, at Location.', JOB),
        ...problems(
          'invalid_parameter',
          'invalid_filter',
          'invalid_body',
          'invalid_value',
          'unauthorized',
          'unknown_dataset',
          'not_acceptable',
          'query_timeout',
          'too_large',
          'too_many_requests',
          'resources_exhausted',
        ),
      },
      [],
      BODY,
    ),
    get: operation('List the analyses that are under way or kept', {
      200: json('The newest first.', { type: 'object', properties: { analyses: { type: 'array', items: JOB } } }),
      ...problems('unauthorized'),
    }),
  },
  '/api/v1/analysis/{id}': {
    get: operation('See how an analysis stands', { 200: json('The job.', JOB), ...UNKNOWN }, [
      ID,
      parameter('wait_ms', 'query', { type: 'integer', minimum: 0 }, 'How long to wait for its end.'),
    ]),
    delete: operation(
      'Cancel an analysis, or forget its result',
      { 200: json('The job as it ended.', JOB), ...UNKNOWN, ...problems('forbidden') },
      [ID],
    ),
  },
  '/api/v1/analysis/{id}/result': {
    get: operation(
      'Fetch the result of an analysis',
      { 200: RESULT, ...UNKNOWN, ...problems('not_acceptable', 'unavailable') },
      [ID],
    ),
  },
};
