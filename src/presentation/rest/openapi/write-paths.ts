import type { Dataset } from '#domain/dataset/dataset.ts';
import { JsonArray, JsonObject } from '#domain/record/json.ts';
import { UPLOAD_TYPES } from '../routes/upload.ts';
import { componentName, ref } from './components.ts';
import type { DatasetExample } from './example.ts';
import { type Tree, toJson } from './json-tree.ts';
import { ID_PARAMETER, IDEMPOTENCY_KEY, IF_MATCH, json, jsonBody, ON_CONFLICT, parameter, problems } from './parts.ts';

const REFUSED = ['invalid_value', 'invalid_body', 'unauthorized', 'forbidden', 'unknown_dataset', 'too_large'] as const;

/** `POST /records` and `/records/bulk`, which name the dataset in the body. */
export function createPaths(
  datasets: readonly Dataset[],
  examples: ReadonlyMap<string, DatasetExample>,
): Readonly<Record<string, Tree>> {
  const rows = datasets.map((dataset) => ({
    dataset,
    row: ref(`${componentName(dataset)}.row`),
    example: examples.get(dataset.name),
  }));
  const body = (wrap: (row: Tree) => Tree) => ({
    oneOf: rows.map(({ dataset, row }) => ({
      type: 'object',
      title: dataset.name,
      properties: { schema_name: { const: dataset.name }, data: wrap(row) },
      required: ['schema_name', 'data'],
      additionalProperties: false,
    })),
  });
  const bodies = (wrap: (data: JsonObject) => Tree) =>
    Object.fromEntries(
      rows.map(({ dataset, example }) => [
        componentName(dataset),
        { value: { schema_name: dataset.name, data: wrap(example?.data ?? new JsonObject([])) } },
      ]),
    );
  const records = { oneOf: rows.map(({ dataset }) => ref(componentName(dataset))) };
  const done = { success: { const: true }, message: { type: 'string' } };
  const created = {
    type: 'object',
    properties: { ...done, record: records },
    required: ['success', 'message', 'record'],
  };
  return {
    '/api/v1/records': {
      post: {
        tags: ['Write'],
        summary: 'Create a record',
        parameters: [ON_CONFLICT, IDEMPOTENCY_KEY],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: body((row) => row), examples: bodies((data) => data) } },
        },
        responses: {
          201: json('Stored, and on disk.', created),
          200: json('With on_conflict: the record that now stands.', created),
          ...problems(...REFUSED, 'key_exists', 'idempotency_mismatch', 'unsupported_media_type', 'too_many_requests'),
        },
      },
    },
    '/api/v1/records/bulk': {
      post: {
        tags: ['Write'],
        summary: 'Create many records, all or none',
        parameters: [
          ON_CONFLICT,
          IDEMPOTENCY_KEY,
          parameter(
            'Prefer',
            'header',
            { type: 'string' },
            'return=minimal leaves the records out of the answer.',
            'return=minimal',
          ),
        ],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: body((row) => ({ type: 'array', items: row, minItems: 1 })),
              examples: bodies((data) => new JsonArray([data])),
            },
          },
        },
        responses: {
          201: json('All stored.', {
            type: 'object',
            properties: { ...done, records_created: { type: 'integer' }, records: { type: 'array', items: records } },
            required: ['success', 'message', 'records_created'],
          }),
          ...problems(
            ...REFUSED,
            'key_exists',
            'idempotency_mismatch',
            'unsupported_media_type',
            'resources_exhausted',
          ),
        },
      },
    },
  };
}

/** What changes the records of one dataset. */
export function writePaths(
  dataset: Dataset,
  example: DatasetExample,
): Readonly<Record<string, Readonly<Record<string, Tree>>>> {
  const name = componentName(dataset);
  const base = `/api/v1/records/${encodeURIComponent(dataset.name)}`;
  const tags = [dataset.name];
  const [firstMember] = example.data.members;
  const changed = {
    responses: {
      200: json('The record as it now stands.', ref(name), example.record),
      ...problems(...REFUSED, 'unknown_record', 'key_exists', 'version_moved'),
    },
  };
  const data = (schema: Tree): Tree => ({
    type: 'object',
    properties: { data: schema },
    required: ['data'],
    additionalProperties: false,
  });
  return {
    [`${base}/bulk`]: {
      post: {
        tags,
        summary: `Upload a file of rows into ${dataset.name}`,
        description:
          'NDJSON, CSV, a JSON array, Arrow IPC or Parquet, also compressed (Content-Encoding). One commit, in bounded memory.',
        parameters: [
          parameter(
            'on_invalid',
            'query',
            { enum: ['abort', 'reject'], default: 'abort' },
            'What becomes of the others when a row is wrong.',
          ),
          ON_CONFLICT,
          IDEMPOTENCY_KEY,
        ],
        requestBody: { required: true, content: uploadBodies(name, example) },
        responses: {
          201: json('Loaded.', ref('LoadResult')),
          ...problems(...REFUSED, 'key_exists', 'unsupported_media_type', 'resources_exhausted'),
        },
      },
    },
    [base]: {
      delete: {
        tags,
        summary: `Delete the records of ${dataset.name} that match`,
        parameters: [
          {
            name: 'filters',
            in: 'query',
            content: { 'application/json': { schema: { type: 'array', items: ref('Condition') } } },
          },
          parameter('all', 'query', { type: 'boolean', default: false }, 'Must be true where there are no filters.'),
        ],
        responses: {
          200: json('Deleted.', {
            type: 'object',
            properties: { success: { const: true }, records_deleted: { type: 'integer' } },
          }),
          ...problems('invalid_filter', 'invalid_parameter', 'unauthorized', 'forbidden', 'unknown_dataset'),
        },
      },
    },
    [`${base}/{id}`]: {
      patch: {
        tags,
        summary: `Change some properties of a record of ${dataset.name}`,
        parameters: [ID_PARAMETER, IF_MATCH],
        requestBody: jsonBody(data({ type: 'object' }), {
          data: new JsonObject(firstMember ? [example.data.members.at(-1) ?? firstMember] : []),
        }),
        ...changed,
      },
      put: {
        tags,
        summary: `Replace all properties of a record of ${dataset.name}`,
        parameters: [ID_PARAMETER, IF_MATCH],
        requestBody: jsonBody(data(ref(`${name}.row`)), { data: example.data }),
        ...changed,
      },
      delete: {
        tags,
        summary: `Delete a record of ${dataset.name}`,
        parameters: [ID_PARAMETER, IF_MATCH],
        responses: {
          204: { description: 'Deleted.' },
          ...problems('unauthorized', 'forbidden', 'unknown_dataset', 'unknown_record', 'version_moved'),
        },
      },
    },
  };
}

function uploadBodies(name: string, example: DatasetExample): Tree {
  const row = ref(`${name}.row`);
  return Object.fromEntries(
    Object.entries(UPLOAD_TYPES).map(([type, format]) => {
      if (format === 'json') return [type, { schema: { type: 'array', items: row }, example: toJson([example.data]) }];
      if (format === 'ndjson' || format === 'csv') return [type, { schema: { type: 'string' } }];
      return [type, {}];
    }),
  );
}
