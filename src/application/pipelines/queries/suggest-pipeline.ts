import type { Dataset } from '#domain/dataset/dataset.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { fileProperty } from '#domain/dataset/file-property.ts';
import { findClashes, nameFault } from '#domain/dataset/names.ts';
import { DataForgeError } from '#domain/errors.ts';
import { readMembers } from '#domain/file/read-members.ts';
import { guessChangedColumn, plainName, propertyNames } from '#domain/pipeline/suggestion.ts';
import { SYSTEM_CALLER } from '../../caller.ts';
import type { SampleColumn, SampleFindings, SampleReader } from '../../ports/sample-reader.ts';
import type {
  FileMembers,
  Source,
  SourceDescription,
  SourceOpening,
  SourceRows,
  Survey,
  SurveyRequest,
} from '../../ports/source.ts';

export interface SuggestPorts {
  readonly sources: readonly Source[];
  readonly samples: SampleReader;
  readonly opening: Omit<SourceOpening, 'cursor' | 'caller' | 'batch' | 'signal' | 'note'>;
}

export interface SuggestRequest extends Omit<SurveyRequest, 'isNamed'> {
  /** The kind of source, where it is not to be guessed. */
  readonly kind: string | null;
  /** null: after what the source calls its rows. */
  readonly name: string | null;
  readonly dataset: string | null;
  /** The datasets that there are. */
  readonly known: readonly Dataset[];
  readonly signal: AbortSignal;
}

/** A pipeline that would read a place, as its file and that of its dataset would say it. */
export interface SuggestedPipeline {
  readonly name: string;
  /** `source` without its kind comes first in `source`; all in the order in which a person reads them. */
  readonly pipeline: {
    readonly name: string;
    readonly source: FileMembers;
    readonly transform?: string;
    readonly target: { readonly dataset: string; readonly mode: 'append' | 'upsert' | 'replace' };
  };
  /** null: the dataset is there already. */
  readonly dataset: {
    readonly name: string;
    readonly primary_key?: readonly string[];
    readonly properties: readonly FileMembers[];
  } | null;
  /** What to look at before it is relied upon, a sentence each: of the source, and of the dataset. */
  readonly sourceNotes: readonly string[];
  readonly datasetNotes: readonly string[];
  /** The member `incremental` that may be right; only people know. */
  readonly incremental: FileMembers | null;
}

/** What is looked at of a source's rows, and for how long. */
const SAMPLE_BYTES = 8 * 1024 * 1024;
const SAMPLE_MS = 10_000;
const SAMPLE_BATCH = { bytes: 1024 * 1024, time: 3000 };

interface Sample extends SampleFindings {
  /** Whether these were all rows. */
  readonly isWhole: boolean;
}

/** Looks at a place that rows may come from, and says how a pipeline would read it. Nothing is written. */
export function suggestPipeline(ports: SuggestPorts) {
  return async (request: SuggestRequest): Promise<SuggestedPipeline> => {
    const { source, survey } = await surveyed(ports, request);
    const name = checkedName(request.name ?? plainName(survey.name), '--name');
    const dataset = checkedName(request.dataset ?? name, '--dataset');
    const known = request.known.find((candidate) => candidate.name === dataset) ?? null;
    const { columns, sample } = await columnsOf(survey, () => sampled(ports, source, survey, request.signal));
    if (columns.length === 0) throw noRows(request);
    const renamed = known === null ? renamedColumns(columns) : new Map<string, string>();
    const key = known?.primaryKey ?? keyOf(survey.description, sample).map((column) => renamed.get(column) ?? column);
    const changed = survey.incremental && guessChangedColumn(columns);
    return {
      name,
      pipeline: {
        name,
        source: { kind: source.kind, ...survey.members },
        ...(renamed.size > 0 && { transform: renaming(columns, renamed) }),
        target: { dataset, mode: key.length > 0 ? 'upsert' : survey.gives === 'new rows' ? 'append' : 'replace' },
      },
      dataset: known && known.name === dataset ? null : datasetOf(dataset, key, columns, renamed),
      sourceNotes: survey.notes,
      datasetNotes: datasetNotes(survey, sample, key),
      incremental: changed && survey.incremental ? survey.incremental(changed) : null,
    };
  };
}

async function surveyed(
  { sources, opening }: SuggestPorts,
  { kind, ...request }: SuggestRequest,
): Promise<{ readonly source: Source; readonly survey: Survey }> {
  const able = sources.filter(({ survey }) => survey !== undefined);
  const asked = kind === null ? able : able.filter((source) => source.kind === kind);
  if (asked.length === 0) {
    const message = `No source of the kind "${kind}" can be looked at; there are ${able.map((source) => source.kind).join(', ')}.`;
    throw new DataForgeError('invalid_parameter', message);
  }
  const looking = {
    ...opening,
    cursor: null,
    caller: SYSTEM_CALLER.name,
    batch: SAMPLE_BATCH,
    signal: request.signal,
    note: () => {},
  };
  for (const source of asked) {
    const survey = await source.survey?.({ ...request, isNamed: kind !== null }, looking);
    if (survey) return { source, survey };
  }
  const message = `${request.address} is nothing that ${kind === null ? 'a source' : `the kind ${kind}`} can read; give an address of http, postgres, ws or grpc, or a path of files.`;
  throw new DataForgeError('invalid_parameter', message);
}

function checkedName(name: string, option: string): string {
  const fault = nameFault(name);
  if (fault === null) return name;
  throw new DataForgeError('invalid_parameter', `The name "${name}" ${fault}; give another with ${option}.`);
}

/** The first rows of a source, as its pipeline would read them. */
async function sampled(
  { samples, opening }: SuggestPorts,
  source: Source,
  { members, sample = members }: Survey,
  signal: AbortSignal,
): Promise<Sample> {
  const enough = new AbortController();
  const options = readMembers(sample, source.options, 'source');
  const looking = {
    ...opening,
    cursor: null,
    caller: SYSTEM_CALLER.name,
    batch: SAMPLE_BATCH,
    signal: AbortSignal.any([signal, enough.signal]),
    note: () => {},
  };
  const { clock } = opening;
  const until = clock.elapsed() + SAMPLE_MS;
  let size = 0;
  let isWhole = false;
  async function* bodies(): AsyncGenerator<SourceRows> {
    for await (const { rows } of source.open(options, looking)) {
      if (rows === null) continue;
      yield { ...rows, body: counted(rows.body) };
      if (size > SAMPLE_BYTES || clock.elapsed() > until) return;
    }
    isWhole = true;
  }
  async function* counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      size += chunk.length;
      yield chunk;
    }
  }
  try {
    const found = await samples.read(bodies());
    return { ...found, isWhole };
  } finally {
    enough.abort();
  }
}

/** The columns as the source describes them, or as its rows show them, which were then looked at. */
async function columnsOf(
  { description }: Survey,
  look: () => Promise<Sample>,
): Promise<{ readonly columns: readonly SampleColumn[]; readonly sample: Sample | null }> {
  if (description === null) {
    const sample = await look();
    return { columns: sample.columns, sample };
  }
  // Whether JSON is a list or an object only rows can tell.
  const shapes = description.columns.some(({ dbType }) => dbType.name === 'JSON') ? await look() : null;
  const columns = description.columns.map(({ name, dbType }) => {
    const type = dbType.name === 'JSON' ? (shapes?.shapeOf(name) ?? null) : null;
    return { name, dbType: formatDbType(dbType), ...(type && { type }) };
  });
  return { columns, sample: null };
}

function keyOf(description: SourceDescription | null, sample: Sample | null): readonly string[] {
  if (description !== null) return description.key;
  return sample?.key ? [sample.key] : [];
}

/** New names for columns whose own may not be names of properties. */
function renamedColumns(columns: readonly SampleColumn[]): ReadonlyMap<string, string> {
  const names = columns.map(({ name }) => name);
  const clashing = new Set(findClashes(names).map(({ at }) => names[at]));
  return propertyNames(names, (name) => nameFault(name) === null && !clashing.has(name));
}

function renaming(columns: readonly SampleColumn[], renamed: ReadonlyMap<string, string>): string {
  const cells = columns.map(({ name }) => {
    const other = renamed.get(name);
    return quoted(name) + (other === undefined ? '' : ` AS ${quoted(other)}`);
  });
  return `SELECT ${cells.join(', ')} FROM batch`;
}

function quoted(name: string): string {
  return /^[a-z][a-z0-9_]*$/.test(name) ? `"${name}"` : `"${name.replaceAll('"', '""')}"`;
}

function datasetOf(
  name: string,
  key: readonly string[],
  columns: readonly SampleColumn[],
  renamed: ReadonlyMap<string, string>,
): SuggestedPipeline['dataset'] {
  const properties = columns.map((column) =>
    fileProperty({ ...column, name: renamed.get(column.name) ?? column.name }),
  );
  return { name, ...(key.length > 0 && { primary_key: key }), properties };
}

function datasetNotes({ gives }: Survey, sample: Sample | null, key: readonly string[]): readonly string[] {
  const rows = sample?.rows == null ? '' : ` of ${sample.rows} row${sample.rows === 1 ? '' : 's'}`;
  const types = sample === null ? [] : [typesNote(rows, sample)];
  if (key.length > 0) {
    return sample === null ? [] : [...types, `The key was guessed: ${key.join(', ')} is another in each${rows}.`];
  }
  const without =
    gives === 'all rows' ? 'each run puts its rows in the place of those before' : 'rows are appended as they come';
  return [...types, `No key was found, so that ${without}; with primary_key, and mode: upsert, rows are told apart.`];
}

function typesNote(rows: string, { isWhole }: Sample): string {
  if (isWhole) return `The types are those${rows}, which were all there are now.`;
  return `The types are those${rows} that were looked at; there are more, which may need wider ones.`;
}

function noRows({ address }: SuggestRequest): DataForgeError {
  const message = `${address.split('?')[0]} has no rows now, so that nobody can tell their columns; try again when it has some, or write the dataset file by hand and name it with --dataset.`;
  return new DataForgeError('source_failed', message);
}
