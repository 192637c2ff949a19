import { type Dataset, indexOfProperty, type Property } from '../dataset/dataset.ts';
import { datasetFromDescription } from '../dataset/describe-dataset.ts';
import type { Filter } from '../query/query.ts';
import { jsonFrom } from '../record/json.ts';
import { timestampOf } from '../record/time.ts';
import type { Row, Value } from '../record/value.ts';
import { RECORDED_STATES, RUN_KINDS, RUN_STARTERS, type RunRecord } from './run-record.ts';

/** A property of the dataset, as a dataset file would have it, and its value for a run. */
interface Column {
  readonly file: Readonly<Record<string, unknown>>;
  readonly value: (run: RunRecord) => Value;
}

const LONGEST_TEXT = 4000;

const COLUMNS: readonly Column[] = [
  {
    file: { name: 'run_id', type: 'string', db_type: 'UUID', description: 'The run, as the API calls it.' },
    value: ({ id }) => id.toLowerCase(),
  },
  word(
    'kind',
    RUN_KINDS,
    'A run of a pipeline, a load of many rows in one request, an analysis, or a run of a pipeline that is a job.',
    (run) => run.kind,
  ),
  text('name', 'The pipeline, the operation of the analysis, or the format of the load.', (run) => run.name),
  text('dataset', 'The dataset it stored into, or analysed.', (run) => run.dataset),
  text('caller', 'Who asked for it.', (run) => run.caller),
  word(
    'state',
    RECORDED_STATES,
    'died: its process ended before it did, and nobody goes on with it.',
    (run) => run.state,
  ),
  text('error_code', 'What kind of thing it failed of.', ({ error }) => error?.code ?? null),
  text('error_message', 'What it failed of, in one sentence.', ({ error }) => error?.message ?? null),
  time('started_at', 'When it was begun.', (run) => run.startedAt),
  time('ended_at', 'When it ended; null while it goes on.', (run) => run.endedAt),
  milliseconds('duration_ms', 'From its begin to its end.', ({ startedAt, endedAt }) =>
    endedAt === null ? null : endedAt - startedAt,
  ),
  count('rows_read', 'Rows it was given; null where they were computed where they lie.', (run) => run.figures.rowsRead),
  count(
    'rows_written',
    'Records made and changed; of an analysis, rows of its result.',
    (run) => run.figures.rowsWritten,
  ),
  count('rows_rejected', 'Rows that did not fit.', (run) => run.figures.rowsRejected),
  count('rows_created', 'Records made.', (run) => run.figures.created),
  count('rows_updated', 'Records changed.', (run) => run.figures.updated),
  count('rows_ignored', 'Rows that were there already.', (run) => run.figures.ignored),
  count('rows_deleted', 'Records deleted.', (run) => run.figures.deleted),
  count('bytes', 'Bytes of its rows, decompressed; of an analysis, of its result.', (run) => run.figures.bytes),
  count('batches', 'Commits of a pipeline.', (run) => run.figures.batches),
  count('retries', 'How often the source was opened anew after it failed.', (run) => run.figures.retries),
  count(
    'peak_memory_bytes',
    'The most memory that its whole process had while it went on, by samples.',
    (run) => run.peakMemory,
  ),
  milliseconds('queue_ms', 'Waiting for a place.', ({ stages }) => stages.queue),
  milliseconds('source_ms', 'Waiting for rows.', ({ stages }) => stages.source),
  milliseconds('transform_ms', 'In the transform of a pipeline.', ({ stages }) => stages.transform),
  milliseconds('compute_ms', 'Computing an analysis.', ({ stages }) => stages.compute),
  milliseconds('write_ms', 'Storing rows.', ({ stages }) => stages.write),
  text('engine', 'The storage engine.', ({ surroundings }) => surroundings.engine),
  text('processor', 'What computed an analysis.', (run) => run.processor),
  text('software_version', 'The version of Data Forge.', ({ surroundings }) => surroundings.softwareVersion),
  text('instance', 'The process that carried it out.', ({ surroundings }) => surroundings.instance),
  {
    file: { name: 'settings', type: 'object', description: 'The settings its speed hangs on; no secrets.' },
    value: ({ surroundings }) => JSON.stringify(surroundings.settings),
  },
  time('rolled_back_at', 'When what a pipeline did was undone.', (run) => run.rolledBackAt),
  word('started_by', RUN_STARTERS, 'What began a run of a pipeline.', (run) => run.startedBy),
];

/** The dataset in which the platform records every run. */
export const RUNS_DATASET: Dataset = datasetFromDescription(
  jsonFrom({
    name: 'forge_runs',
    description:
      'Every run of a pipeline, every load of many rows, every analysis: recorded by the platform, to be read.',
    primary_key: ['run_id'],
    properties: COLUMNS.map(({ file }) => file),
    system: true,
  }),
);

export function rowOfRun(run: RunRecord): Row {
  return COLUMNS.map(({ value }) => value(run));
}

/** The values of some properties, by position, as a patch has them. */
export function runValues(values: Readonly<Record<string, Value>>): ReadonlyMap<number, Value> {
  return new Map(Object.entries(values).map(([name, value]) => [indexOfProperty(RUNS_DATASET, name), value]));
}

/** A condition on one property. */
export function runCondition(name: string, operator: 'eq' | 'ne' | 'lt', value: string): Filter {
  const index = indexOfProperty(RUNS_DATASET, name);
  const property = RUNS_DATASET.properties[index] as Property;
  return { kind: 'compare', field: { kind: 'property', index, property }, operator, value };
}

function text(name: string, description: string, value: (run: RunRecord) => string | null): Column {
  return { file: { name, type: 'string', description }, value: (run) => storable(value(run)) };
}

function word(
  name: string,
  words: readonly string[],
  description: string,
  value: (run: RunRecord) => string | null,
): Column {
  return { file: { name, type: 'string', enum: words, description }, value };
}

function time(name: string, description: string, value: (run: RunRecord) => number | null): Column {
  const timestamp = (at: number | null) => (at === null ? null : timestampOf(at));
  return { file: { name, type: 'string', db_type: 'TIMESTAMP', description }, value: (run) => timestamp(value(run)) };
}

function count(name: string, description: string, value: (run: RunRecord) => number | null): Column {
  const integer = (found: number | null) => (found === null ? null : BigInt(found));
  return { file: { name, type: 'integer', description }, value: (run) => integer(value(run)) };
}

/** Whole microseconds are kept. */
function milliseconds(name: string, description: string, value: (run: RunRecord) => number | null | undefined): Column {
  const rounded = (found: number | null | undefined) =>
    found === null || found === undefined ? null : Math.max(0, Math.round(found * 1000) / 1000);
  return { file: { name, type: 'number', description }, value: (run) => rounded(value(run)) };
}

/** A text that every store takes. */
function storable(found: string | null): string | null {
  return found === null ? null : found.replaceAll('\0', '').toWellFormed().slice(0, LONGEST_TEXT).toWellFormed();
}
