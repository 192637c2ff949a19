import { nameFault } from '../dataset/names.ts';
import { duration, faultAt, type JsonSchema, type Option, optional, text, withDefault } from '../file/option.ts';
import { groupSchema, type OptionGroup, oneOfKinds } from '../file/option-group.ts';
import { SCHEDULE_OPTION } from '../schedule/schedule.ts';
import type { JobKind, SourceKind } from './pipeline.ts';
import { ALERTS_OPTION, RETRY_OPTION } from './policies.ts';
import { TARGET_OPTION } from './target.ts';

const NAME: Option<string> = {
  schema: { description: 'The name of the pipeline, unique without regard to case.', type: 'string', minLength: 1 },
  absent: null,
  read(json, place) {
    const name = text('').read(json, place);
    const fault = name === undefined ? null : nameFault(name);
    return fault === null ? name : faultAt(place, `"${name}" ${fault}`);
  },
};

/** The members of a pipeline file; the kinds of sources and jobs are those that are registered. */
export function pipelineOptions(sources: readonly SourceKind[], jobs: readonly JobKind[]) {
  return {
    $schema: optional(text('Where this schema is, for editors; it has no other meaning.')),
    name: NAME,
    description: withDefault(text('What the pipeline does, for people.'), ''),
    source: optional(kindOption('Where the rows come from.', sources)),
    transform: optional(
      text(
        'One SELECT over the relation batch, which may join datasets. In a TypeScript file also a function of the rows.',
      ),
    ),
    target: optional(TARGET_OPTION),
    job: optional(kindOption('What the server does, in the place of source and target.', jobs)),
    schedule: optional(SCHEDULE_OPTION),
    retry: RETRY_OPTION,
    timeout: withDefault(duration('How long one run may take.', 1000), 21_600_000, '6h'),
    alerts: ALERTS_OPTION,
  };
}

/** An object of a registered kind, with what is left when the kind is told as its options. */
function kindOption(
  description: string,
  kinds: readonly JobKind[],
): Option<{ readonly kind: string; readonly options: unknown }> {
  const groups: Record<string, OptionGroup> = Object.fromEntries(kinds.map(({ kind, options }) => [kind, options]));
  const option = oneOfKinds(description, 'kind', groups);
  return {
    schema: option.schema,
    absent: null,
    read(json, place) {
      const read = option.read(json, place);
      if (read === undefined) return undefined;
      const { kind, ...options } = read;
      return { kind: String(kind), options };
    },
  };
}

const GIVEN = { not: { type: 'null' } };
const LEFT_OUT = { type: 'null' };

/** The pipeline file format as JSON Schema 2020-12; `docs/reference/pipeline-file.schema.json` is made of it. */
export function pipelineFileSchema(sources: readonly SourceKind[], jobs: readonly JobKind[]): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Data Forge pipeline file',
    ...groupSchema(
      'One pipeline: where its rows come from, where they go, and when; or a job of the server. YAML, JSON and TypeScript files all have this shape.',
      pipelineOptions(sources, jobs),
    ),
    oneOf: [
      { required: ['source', 'target'], properties: { source: GIVEN, target: GIVEN, job: LEFT_OUT } },
      { required: ['job'], properties: { job: GIVEN, source: LEFT_OUT, transform: LEFT_OUT, target: LEFT_OUT } },
    ],
  };
}
