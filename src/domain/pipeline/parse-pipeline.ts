import type { Fault } from '../errors.ts';
import type { FileContent } from '../file/file-content.ts';
import { readGroup } from '../file/option-group.ts';
import { JsonObject, kindOfJson } from '../record/json.ts';
import type { Pipeline, SourceKind, Transform } from './pipeline.ts';
import { pipelineOptions } from './pipeline-file.ts';
import { pushOptions } from './push.ts';

export type ParsedPipeline =
  | { readonly ok: true; readonly pipeline: Pipeline }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly name: string | null };

const TRANSFORM = '/transform';

/** Makes a complete pipeline of what a pipeline file says, or tells every fault in it at once. */
export function parsePipeline({ json, functions }: FileContent, kinds: readonly SourceKind[]): ParsedPipeline {
  if (!(json instanceof JsonObject)) {
    const message = `A pipeline file must be an object with name, source and target, not ${kindOfJson(json)}`;
    return { ok: false, faults: [{ pointer: '', message }], name: null };
  }
  const faults: Fault[] = [];
  const run = functions.get(TRANSFORM);
  for (const pointer of functions.keys()) {
    if (pointer !== TRANSFORM)
      faults.push({ pointer, message: `A function may stand at ${TRANSFORM} only, not at ${pointer}` });
  }
  const members = json.members.filter(({ name }) => run === undefined || name !== 'transform');
  const place = { pointer: '', path: '', faults };
  const values = readGroup(new JsonObject(members), pipelineOptions(kinds), place);
  if (values !== undefined && pushOptions(values) !== null) faults.push(...pushFaults(values));
  if (values !== undefined) faults.push(...triggerFaults(values, kinds));
  if (values === undefined || faults.length > 0) {
    const name = json.get('name');
    return { ok: false, faults, name: typeof name === 'string' ? name : null };
  }
  const { $schema: _, transform: sql, ...pipeline } = values;
  const transform: Transform | null = run ? { kind: 'function', run } : sql === null ? null : { kind: 'sql', sql };
  return { ok: true, pipeline: { ...pipeline, transform } };
}

function triggerFaults(
  { schedule, source }: Pick<Pipeline, 'schedule' | 'source'>,
  kinds: readonly SourceKind[],
): Fault[] {
  if (schedule?.trigger.kind !== 'files' || kinds.find(({ kind }) => kind === source.kind)?.tellsChanges) return [];
  const able = kinds.filter(({ tellsChanges }) => tellsChanges).map(({ kind }) => kind);
  const message = `schedule.on_files waits for files, and the source is of kind ${source.kind}; it may be ${able.join(', ')}`;
  return [{ pointer: '/schedule/on_files', message }];
}

/** What makes no sense where nothing is fetched. */
function pushFaults({ schedule, target }: Pick<Pipeline, 'schedule' | 'target'>): Fault[] {
  const faults: Fault[] = [];
  if (schedule !== null) {
    const message =
      'schedule says when rows are fetched, and events of a source of kind push come by themselves; leave it out';
    faults.push({ pointer: '/schedule', message });
  }
  if (target.mode === 'replace') {
    const message = 'target.mode must be append or upsert, since events that are pushed never come all at once';
    faults.push({ pointer: '/target/mode', message });
  }
  return faults;
}
