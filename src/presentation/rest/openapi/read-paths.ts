import type { Dataset } from '#domain/dataset/dataset.ts';
import { jsonSchemaOf } from '#domain/dataset/json-schema-of.ts';
import { JsonObject } from '#domain/record/json.ts';
import type { RestLimits } from '../rest-options.ts';
import { STREAM_TYPES } from '../routes/stream.ts';
import { componentName, ref } from './components.ts';
import type { DatasetExample } from './example.ts';
import type { Tree } from './json-tree.ts';
import { ID_PARAMETER, json, jsonBody, jsonParameter, parameter, problems } from './parts.ts';

const NOT_FOUND = ['unauthorized', 'forbidden', 'unknown_dataset'] as const;

/** What reads the records of one dataset. */
export function readPaths(
  dataset: Dataset,
  example: DatasetExample,
  limits: RestLimits,
): Readonly<Record<string, Readonly<Record<string, Tree>>>> {
  const name = componentName(dataset);
  const base = `/api/v1/records/${encodeURIComponent(dataset.name)}`;
  const tags = [dataset.name];
  const condition = exampleCondition(dataset, example);
  const filters = jsonParameter('filters', 'Condition', 'Conditions that must all hold.', [condition]);
  const sort = jsonParameter('sort', 'SortKey', 'What to sort by; nulls come last, the id breaks ties.', [
    { field: '_created_at', order: 'desc' },
  ]);
  const fields = parameter(
    'fields',
    'query',
    { type: 'string' },
    'Names of properties with commas between: only these come in data.',
  );
  const size = { type: 'integer', minimum: 1, maximum: limits.maxPageSize, default: limits.defaultPageSize };
  const page = json(
    'A page and its total, of one snapshot.',
    pageSchema(dataset, name),
    pageExample(dataset, example, limits),
  );
  const pageProblems = problems(
    'invalid_filter',
    'invalid_sort',
    'invalid_page',
    ...NOT_FOUND,
    'query_timeout',
    'too_many_requests',
  );
  return {
    [base]: {
      get: {
        tags,
        summary: `Read a page of ${dataset.name}`,
        parameters: [
          parameter('page', 'query', { type: 'integer', minimum: 1, default: 1 }, 'Which page.'),
          parameter('size', 'query', size, 'Records on a page.'),
          parameter('cursor', 'query', { type: 'string' }, 'next_cursor of the page before, instead of page.'),
          filters,
          sort,
          fields,
        ],
        responses: { 200: page, ...pageProblems },
      },
    },
    [`${base}/query`]: {
      post: {
        tags,
        summary: `Read a page of ${dataset.name}, asked for in a body`,
        requestBody: jsonBody(
          {
            type: 'object',
            properties: {
              page: { type: 'integer', minimum: 1 },
              size,
              cursor: { type: 'string' },
              filters: { type: 'array', items: ref('Condition') },
              sort: { type: 'array', items: ref('SortKey') },
              fields: { type: ['string', 'array'], items: { type: 'string' } },
            },
            additionalProperties: false,
          },
          { size: limits.defaultPageSize, filters: [condition] },
        ),
        responses: { 200: page, ...pageProblems },
      },
    },
    [`${base}/stream`]: {
      get: {
        tags,
        summary: `Read all of ${dataset.name} as a stream`,
        description: 'One snapshot. An error after the first byte breaks the connection.',
        parameters: [
          filters,
          sort,
          fields,
          parameter('limit', 'query', { type: 'integer', minimum: 0 }, 'Most records.'),
          parameter(
            'shape',
            'query',
            { enum: ['record', 'flat'], default: 'record' },
            'Shape of NDJSON: whole records, or flat columns.',
          ),
        ],
        responses: {
          200: {
            description: 'The records, in the format that Accept names.',
            content: Object.fromEntries(Object.keys(STREAM_TYPES).map((type) => [type, {}])),
          },
          ...problems('invalid_filter', 'invalid_sort', ...NOT_FOUND, 'not_acceptable', 'too_many_requests'),
        },
      },
    },
    [`${base}/count`]: {
      get: {
        tags,
        summary: `Count records of ${dataset.name}`,
        parameters: [filters],
        responses: {
          200: json('How many match.', {
            type: 'object',
            properties: {
              success: { const: true },
              message: { type: 'string' },
              schema_name: { const: dataset.name },
              count: { type: 'integer' },
              execution_time_ms: { type: 'number' },
            },
          }),
          ...problems('invalid_filter', ...NOT_FOUND, 'query_timeout'),
        },
      },
    },
    [`${base}/changes`]: {
      get: {
        tags,
        summary: `Read what happened to ${dataset.name}`,
        parameters: [
          parameter(
            'since',
            'query',
            { type: 'integer', minimum: 0, default: 0 },
            'Changes after this number; "next" of the answer before.',
          ),
          parameter('limit', 'query', { type: 'integer', minimum: 1, default: 1000 }, 'Most changes.'),
          parameter('wait', 'query', { type: 'integer', minimum: 0 }, 'Seconds that an empty answer is held open.'),
          parameter('latest', 'query', { type: 'boolean', default: false }, 'Only the newest change of each record.'),
        ],
        responses: {
          200: {
            description: 'The changes in order.',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: {
                    success: { const: true },
                    schema_name: { const: dataset.name },
                    changes: { type: 'array', items: ref('Change') },
                    next: { type: 'integer' },
                    has_more: { type: 'boolean' },
                  },
                },
              },
              'application/x-ndjson': {},
            },
          },
          ...problems('invalid_parameter', ...NOT_FOUND, 'not_acceptable', 'history_trimmed'),
        },
      },
    },
    [`${base}/live`]: {
      get: {
        tags,
        summary: `Follow what happens to ${dataset.name}`,
        parameters: [
          parameter(
            'since',
            'query',
            { type: 'integer', minimum: 0 },
            'Changes after this number; left out: from now on.',
          ),
          filters,
          parameter('Last-Event-ID', 'header', { type: 'integer' }, 'The same, as a client that was cut off sends it.'),
        ],
        responses: {
          200: {
            description:
              'An event a change, until the client leaves: create, update or delete; with filters enter, change or leave.',
            content: { 'text/event-stream': {} },
          },
          ...problems(
            'invalid_parameter',
            'invalid_filter',
            ...NOT_FOUND,
            'not_acceptable',
            'history_trimmed',
            'too_many_requests',
          ),
        },
      },
    },
    [`${base}/{id}`]: {
      get: {
        tags,
        summary: `Read a record of ${dataset.name}`,
        parameters: [
          ID_PARAMETER,
          parameter('If-None-Match', 'header', { type: 'string' }, 'An ETag: 304 where the record still has it.'),
        ],
        responses: {
          200: json('The record.', ref(name), example.record),
          304: { description: 'Unchanged.' },
          ...problems('invalid_parameter', ...NOT_FOUND, 'unknown_record'),
        },
      },
    },
    ...(dataset.primaryKey.length === 0 ? {} : { [`${base}/by-key`]: byKey(dataset, example, name) }),
  };
}

function byKey(dataset: Dataset, example: DatasetExample, name: string): Readonly<Record<string, Tree>> {
  const properties = jsonSchemaOf(dataset, 'output').get('properties');
  return {
    get: {
      tags: [dataset.name],
      summary: `Read a record of ${dataset.name} by its key`,
      parameters: dataset.primaryKey.map((key) => {
        const schema = properties instanceof JsonObject ? properties.get(key) : {};
        return { name: key, in: 'query', required: true, schema, example: example.data.get(key) ?? null };
      }),
      responses: {
        200: json('The record.', ref(name), example.record),
        ...problems('invalid_parameter', ...NOT_FOUND, 'unknown_record'),
      },
    },
  };
}

function exampleCondition(dataset: Dataset, example: DatasetExample): Tree {
  const property = dataset.properties.find(({ dbType }) => dbType.name !== 'JSON');
  const value = property === undefined ? null : (example.data.get(property.name) ?? null);
  if (property === undefined || value === null) return { field: '_version', operator: 'gte', value: 1 };
  return { field: property.name, operator: 'eq', value };
}

function pageSchema(dataset: Dataset, name: string): Tree {
  const count = { type: 'integer', minimum: 0 };
  return {
    type: 'object',
    properties: {
      success: { const: true },
      message: { type: 'string' },
      schema_name: { const: dataset.name },
      data: {
        type: 'object',
        properties: {
          items: { type: 'array', items: ref(name) },
          total: count,
          page: count,
          size: count,
          has_next: { type: 'boolean' },
          has_previous: { type: 'boolean' },
          next_cursor: { type: ['string', 'null'] },
        },
      },
      execution_time_ms: { type: 'number' },
    },
  };
}

function pageExample(dataset: Dataset, example: DatasetExample, limits: RestLimits): Tree {
  return {
    success: true,
    message: '1 of 1 record',
    schema_name: dataset.name,
    data: {
      items: [example.record],
      total: 1,
      page: 1,
      size: limits.defaultPageSize,
      has_next: false,
      has_previous: false,
      next_cursor: null,
    },
    execution_time_ms: 1.25,
  };
}
