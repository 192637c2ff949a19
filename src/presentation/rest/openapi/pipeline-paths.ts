import { RUN_STARTERS } from '#domain/run/run-record.ts';
import type { Tree } from './json-tree.ts';
import { json, parameter, problems } from './parts.ts';

const NAME = parameter('name', 'path', { type: 'string' }, 'The name of the pipeline.');
const ID = parameter('id', 'path', { type: 'string', format: 'uuid' }, 'The id of the run.');
const WAIT = parameter('wait_ms', 'query', { type: 'integer', minimum: 0 }, 'How long to wait for its end.');

const count = { type: 'integer', minimum: 0 };
const time = { type: ['string', 'null'], format: 'date-time' };

/** What a backfill reads. */
const WINDOW: Tree = {
  type: 'object',
  required: ['from', 'to'],
  properties: {
    from: { type: 'string', description: 'The least value of the incremental field that is read.' },
    to: { type: 'string', description: 'The value up to which is read; it is not in the window.' },
  },
};

const RUN: Tree = {
  type: 'object',
  properties: {
    id: { type: 'string', format: 'uuid' },
    pipeline: { type: 'string' },
    dataset: { type: ['string', 'null'], description: 'null: the pipeline has a job.' },
    state: { enum: ['waiting', 'running', 'succeeded', 'failed', 'cancelled', 'died'] },
    caller: { type: 'string' },
    started_by: { enum: RUN_STARTERS },
    backfill: { ...WINDOW, type: ['object', 'null'], description: 'The window of a backfill; null: an ordinary run.' },
    started_at: { type: 'string', format: 'date-time' },
    ended_at: time,
    progress: {
      type: 'object',
      properties: { part: { type: ['number', 'null'] }, rows: count, bytes: count, batches: count },
    },
    created: count,
    updated: count,
    ignored: { ...count, description: 'Rows that were there already.' },
    deleted: { ...count, description: 'Records that a replacing run did not bring any more.' },
    rejected: { ...count, description: 'Rows set aside.' },
    retries: { ...count, description: 'How often the source was opened anew.' },
    error: { type: ['object', 'null'], properties: { code: { type: 'string' }, message: { type: 'string' } } },
    log: { type: 'array', items: { type: 'object' } },
    rolled_back_at: time,
  },
};

const PIPELINE: Tree = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    description: { type: 'string' },
    source: { type: ['string', 'null'], description: 'The kind of its source; null where it has a job.' },
    job: { type: ['string', 'null'], description: 'The kind of its job; null where it moves rows.' },
    transform: { enum: ['sql', 'function', null] },
    dataset: { type: ['string', 'null'], description: 'The dataset that takes the rows.' },
    mode: { enum: ['append', 'upsert', 'replace', null] },
    contract: { enum: ['freeze', 'evolve', 'quarantine', null] },
    paused: {
      type: ['boolean', 'null'],
      description: 'Whether it waits until it is resumed; null where it runs only when somebody asks for it.',
    },
    schedule: {
      type: ['object', 'null'],
      properties: {
        kind: { enum: ['cron', 'every', 'after', 'change', 'files'] },
        paused: { type: 'boolean' },
        next_at: { ...time, description: 'When it is due next, where that is known.' },
      },
    },
    last_run: { ...RUN, type: ['object', 'null'] },
  },
};

const UNKNOWN_PIPELINE = problems('unauthorized', 'unknown_pipeline');
const UNKNOWN_RUN = problems('unauthorized', 'unknown_run');

const DONE: Tree = { type: 'object', properties: { success: { const: true } } };

function listOf(member: string, items: Tree): Tree {
  return { type: 'object', properties: { [member]: { type: 'array', items } } };
}

function operation(
  summary: string,
  responses: Tree,
  parameters: readonly Tree[] = [],
  body?: Tree,
): Readonly<Record<string, Tree>> {
  const requestBody = body && { required: true, content: { 'application/json': { schema: body } } };
  return { tags: ['Pipelines'], summary, parameters, ...(requestBody && { requestBody }), responses };
}

/** What `forge worker` calls; its shapes are those of the platform's inside and change with it. */
function forWorkers(summary: string, parameters: readonly Tree[]): Tree {
  const responses = { 200: json('For workers of the same version.', DONE), ...problems('unauthorized', 'forbidden') };
  return { tags: ['Workers'], summary, parameters, responses };
}

/** Pipelines and their runs. */
export const PIPELINE_PATHS: Readonly<Record<string, Tree>> = {
  '/api/v1/pipelines': {
    get: operation('List the pipelines with the last run of each', {
      200: json('In the order of their names.', listOf('pipelines', PIPELINE)),
      ...problems('unauthorized'),
    }),
  },
  '/api/v1/pipelines/{name}': {
    get: operation('See how a pipeline stands', { 200: json('The pipeline.', PIPELINE), ...UNKNOWN_PIPELINE }, [NAME]),
  },
  '/api/v1/pipelines/{name}/runs': {
    get: operation(
      'List the last runs of a pipeline',
      { 200: json('The newest first.', listOf('runs', RUN)), ...UNKNOWN_PIPELINE },
      [NAME, parameter('limit', 'query', { type: 'integer', minimum: 0, default: 20 }, 'At most so many.')],
    ),
    post: operation(
      'Begin a run',
      {
        200: json('The run, which has ended within the wait.', RUN),
        202: json('The run, which goes on, at Location.', RUN),
        ...UNKNOWN_PIPELINE,
        ...problems('forbidden', 'unknown_dataset', 'pipeline_busy'),
      },
      [NAME, WAIT],
    ),
  },
  '/api/v1/pipelines/{name}/backfills': {
    post: operation(
      'Begin a run that reads a window of values of the incremental field; the cursor of the pipeline stays where it is',
      {
        200: json('The run, which has ended within the wait.', RUN),
        202: json('The run, which goes on, at Location.', RUN),
        ...UNKNOWN_PIPELINE,
        ...problems('invalid_body', 'invalid_parameter', 'forbidden', 'unknown_dataset', 'pipeline_busy'),
      },
      [NAME, WAIT],
      WINDOW,
    ),
  },
  '/api/v1/pipelines/{name}/events': {
    post: {
      ...operation(
        'Take events that others send; the signature that the pipeline asks for stands in the place of a token',
        {
          200: json('The events are on disk.', {
            type: 'object',
            properties: {
              success: { const: true },
              stored: count,
              repeated: { ...count, description: 'Events that had been stored before.' },
            },
          }),
          ...UNKNOWN_PIPELINE,
          ...problems('invalid_value', 'invalid_body', 'key_exists', 'too_large', 'unsupported_media_type'),
          ...problems('too_many_requests', 'unavailable'),
        },
        [NAME],
      ),
      security: [{}, { token: [] }],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { anyOf: [{ type: 'object' }, { type: 'array', items: { type: 'object' } }] } },
          'application/x-ndjson': { schema: { type: 'string' } },
        },
      },
    },
  },
  '/api/v1/pipelines/{name}/pause': {
    post: operation(
      'Hold the schedule of a pipeline, until it is resumed',
      { 200: json('How it stands now.', PIPELINE), ...UNKNOWN_PIPELINE, ...problems('invalid_parameter', 'forbidden') },
      [NAME],
    ),
  },
  '/api/v1/pipelines/{name}/resume': {
    post: operation(
      'Let the schedule of a pipeline go on; what was due meanwhile is not caught up',
      { 200: json('How it stands now.', PIPELINE), ...UNKNOWN_PIPELINE, ...problems('invalid_parameter', 'forbidden') },
      [NAME],
    ),
  },
  '/api/v1/pipelines/{name}/reset': {
    post: operation(
      'Forget how far a pipeline has come; its next run reads from the beginning',
      { 200: json('No row is touched.', DONE), ...UNKNOWN_PIPELINE, ...problems('forbidden', 'pipeline_busy') },
      [NAME],
    ),
  },
  '/api/v1/pipelines/{name}/replay': {
    post: operation(
      'Try the rows set aside once more',
      {
        200: json('Those that fit by now are stored.', {
          type: 'object',
          properties: { success: { const: true }, stored: count, left: count },
        }),
        ...UNKNOWN_PIPELINE,
        ...problems('invalid_parameter', 'forbidden', 'unknown_dataset'),
      },
      [NAME],
    ),
  },
  '/api/v1/runs/{id}/rollback': {
    post: operation(
      'Undo what a run did',
      {
        200: json('Records it made are gone, records it changed or deleted are back.', {
          type: 'object',
          properties: { success: { const: true }, records: count, cursor_reset: { type: 'boolean' }, run: RUN },
        }),
        ...UNKNOWN_RUN,
        ...problems('forbidden', 'unknown_dataset', 'pipeline_busy', 'later_work'),
      },
      [ID],
    ),
  },
  '/api/v1/worker/pipelines/{name}': {
    get: forWorkers('What a worker begins with: the file of a pipeline, and how far it has come', [NAME]),
  },
  '/api/v1/worker/pipelines/{name}/take': {
    post: forWorkers('Make a worker the only one whose batches are stored', [NAME]),
  },
  '/api/v1/worker/pipelines/{name}/runs': {
    get: forWorkers('The last runs of a pipeline as they are kept', [
      NAME,
      parameter('limit', 'query', { type: 'integer', minimum: 0, default: 0 }, 'At most so many.'),
    ]),
  },
  '/api/v1/worker/pipelines/{name}/batches/{number}': {
    put: forWorkers('Store a batch; one that is sent again is answered and not stored again', [
      NAME,
      parameter('number', 'path', { type: 'integer', minimum: 1 }, 'Counts from 1 in each run.'),
    ]),
  },
  '/api/v1/worker/datasets': {
    get: forWorkers('The datasets that a transform may join, each with its version', []),
  },
  '/api/v1/worker/standing': {
    get: forWorkers('Whether datasets have changed since a number of the store', [
      parameter('datasets', 'query', { type: 'string' }, 'Their names, as a JSON list.'),
      parameter('since', 'query', { type: 'integer', minimum: 0 }, 'Left out: they count as changed.'),
    ]),
  },
  '/api/v1/worker/runs/{id}': {
    get: forWorkers('A run as it is kept', [ID]),
    put: forWorkers('Keep a run', [ID]),
  },
  '/api/v1/runs/{id}': {
    get: operation('See how a run stands', { 200: json('The run.', RUN), ...UNKNOWN_RUN }, [ID, WAIT]),
    delete: operation(
      'Cancel a run; what it stored stands',
      { 200: json('The run as it ended.', RUN), ...UNKNOWN_RUN, ...problems('forbidden') },
      [ID],
    ),
  },
};
