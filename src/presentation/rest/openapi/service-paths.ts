import { SQL_TYPES } from '../routes/sql.ts';
import { ref } from './components.ts';
import type { Tree } from './json-tree.ts';
import { json, jsonBody, parameter, problems } from './parts.ts';

const object = { type: 'object' };
const NAME = parameter('name', 'path', { type: 'string' }, 'The name of the dataset.');
const ADMIN = problems('unauthorized', 'forbidden');

function operation(
  tag: string,
  summary: string,
  responses: Tree,
  parameters?: readonly Tree[],
  requestBody?: Tree,
): Tree {
  return { tags: [tag], summary, parameters, requestBody, responses };
}

function optionalBody(properties: Tree): Tree {
  return { required: false, content: { 'application/json': { schema: { type: 'object', properties } } } };
}

const SQL_BODY = jsonBody(
  {
    type: 'object',
    required: ['sql'],
    properties: {
      sql: { type: 'string', description: 'One SELECT; each dataset is a view of its name.' },
      params: { type: ['array', 'object', 'null'], description: 'Values of ?, $1 or $name.' },
      limit: {
        type: ['integer', 'null'],
        minimum: 0,
        description: 'Most rows; 10 000 for JSON where it is not given.',
      },
      timeout_ms: { type: ['integer', 'null'], minimum: 1 },
    },
    additionalProperties: false,
  },
  { sql: 'SELECT 1 AS one WHERE 1 < ?', params: [2] },
);

const SQL_ANSWERS = {
  200: {
    description: 'The rows, in the format that Accept names.',
    content: Object.fromEntries(
      SQL_TYPES.map((type) => [
        type,
        type !== 'application/json'
          ? {}
          : {
              schema: {
                type: 'object',
                properties: {
                  success: { const: true },
                  columns: {
                    type: 'array',
                    items: { type: 'object', properties: { name: { type: 'string' }, type: { type: 'string' } } },
                  },
                  rows: { type: 'array', items: { type: 'array' } },
                  row_count: { type: 'integer' },
                  truncated: { type: 'boolean' },
                  execution_time_ms: { type: 'number' },
                },
              },
            },
      ]),
    ),
  },
  ...problems(
    'invalid_sql',
    'invalid_body',
    'unauthorized',
    'not_acceptable',
    'query_timeout',
    'too_large',
    'too_many_requests',
    'unsupported_by_engine',
    'resources_exhausted',
  ),
};

/** Schemas, the server itself, and what administers it. */
export const SERVICE_PATHS: Readonly<Record<string, Tree>> = {
  '/api/v1/schemas': {
    get: operation('Schemas', 'List the datasets', {
      200: json('All that are served.', { type: 'array', items: ref('Schema') }),
    }),
  },
  '/api/v1/schemas/{name}': {
    get: operation(
      'Schemas',
      'Read one dataset',
      { 200: json('The dataset.', ref('Schema')), ...problems('unknown_dataset') },
      [NAME],
    ),
  },
  '/api/v1/schemas/{name}/json-schema': {
    get: operation(
      'Schemas',
      'Read the JSON Schema of a dataset',
      {
        200: {
          description: 'JSON Schema 2020-12 of its data.',
          content: { 'application/schema+json': { schema: object } },
        },
        ...problems('unknown_dataset'),
      },
      [NAME],
    ),
  },
  '/api/v1/query': {
    post: operation('SQL', 'Run one SELECT over the datasets', SQL_ANSWERS, [], SQL_BODY),
  },
  '/api/v1/admin/reload': {
    post: operation('Administration', 'Read the dataset and pipeline files again', {
      200: json('What is served now.', object),
      ...ADMIN,
      ...problems('incompatible_schema', 'invalid_dataset_file', 'invalid_pipeline_file'),
    }),
  },
  '/api/v1/admin/schemas/{name}/plan': {
    get: operation(
      'Administration',
      'Show what a dataset file would change',
      { 200: json('The steps.', object), ...ADMIN },
      [NAME],
    ),
  },
  '/api/v1/admin/schemas/{name}/apply': {
    post: operation(
      'Administration',
      'Carry out what a dataset file asks for, after a backup',
      { 200: json('What was done.', object), ...ADMIN, ...problems('incompatible_schema') },
      [NAME],
      optionalBody({ accept_loss: { type: 'boolean', default: false, description: 'Values may go or change.' } }),
    ),
  },
  '/api/v1/admin/backup': {
    post: operation(
      'Administration',
      'Copy the store while it is in use',
      { 201: json('Where the copy is.', object), ...ADMIN },
      [],
      optionalBody({
        to: { type: 'string', description: 'A file that does not exist yet; else one in the data folder.' },
      }),
    ),
  },
  '/': { get: operation('Service', 'Name, version and links', { 200: json('The server.', object) }) },
  '/health/live': { get: operation('Service', 'Is the process alive', { 200: json('It is.', object) }) },
  '/health/ready': {
    get: operation('Service', 'Can it answer', { 200: json('It can.', object), ...problems('unavailable') }),
  },
  '/metrics': {
    get: operation('Service', 'Figures for Prometheus', {
      200: { description: 'Text format.', content: { 'text/plain': {} } },
    }),
  },
  '/openapi.json': { get: operation('Service', 'This document', { 200: json('OpenAPI 3.1.', object) }) },
};
