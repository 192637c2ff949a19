import type { Fault } from '../errors.ts';
import type { FileContent } from '../file/file-content.ts';
import { readGroup } from '../file/option-group.ts';
import { JsonObject, kindOfJson } from '../record/json.ts';
import type { JobKind, Pipeline, RowPipeline, SourceKind, Transform } from './pipeline.ts';
import { pipelineOptions } from './pipeline-file.ts';
import { pushOptions } from './push.ts';

export type ParsedPipeline =
  | { readonly ok: true; readonly pipeline: Pipeline }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly name: string | null };

const TRANSFORM = '/transform';

/** Makes a complete pipeline of what a pipeline file says, or tells every fault in it at once. */
export function parsePipeline(
  { json, functions }: FileContent,
  sources: readonly SourceKind[],
  jobs: readonly JobKind[],
): ParsedPipeline {
  if (!(json instanceof JsonObject)) {
    const message = `A pipeline file must be an object with name, source and target, or name and job, not ${kindOfJson(json)}`;
    return { ok: false, faults: [{ pointer: '', message }], name: null };
  }
  const faults: Fault[] = [];
  const run = functions.get(TRANSFORM);
  for (const pointer of functions.keys()) {
    if (pointer !== TRANSFORM)
      faults.push({ pointer, message: `A function may stand at ${TRANSFORM} only, not at ${pointer}` });
  }
  faults.push(...workFaults(json));
  const members = json.members.filter(({ name }) => run === undefined || name !== 'transform');
  const place = { pointer: '', path: '', faults };
  const values = readGroup(new JsonObject(members), pipelineOptions(sources, jobs), place);
  if (values === undefined || faults.length > 0) return refused(json, faults);
  const { $schema: _, transform: sql, source, target, job, ...pipeline } = values;
  if (job !== null) {
    if (pipeline.schedule?.trigger.kind !== 'files') return { ok: true, pipeline: { ...pipeline, kind: 'job', job } };
    const message = 'schedule.on_files waits for files of a source, and the pipeline has a job; name another trigger';
    return refused(json, [{ pointer: '/schedule/on_files', message }]);
  }
  if (source === null || target === null) throw new TypeError('a pipeline without a job has a source and a target');
  const transform: Transform | null = run ? { kind: 'function', run } : sql === null ? null : { kind: 'sql', sql };
  const rows: RowPipeline = { ...pipeline, kind: 'rows', source, transform, target };
  const found = [
    ...(pushOptions(rows) === null ? [] : pushFaults(rows)),
    ...triggerFaults(rows, sources),
    ...endlessFaults(rows),
  ];
  return found.length === 0 ? { ok: true, pipeline: rows } : refused(json, found);
}

function refused(json: JsonObject, faults: readonly Fault[]): ParsedPipeline {
  const name = json.get('name');
  return { ok: false, faults, name: typeof name === 'string' ? name : null };
}

/** A pipeline moves rows from a source to a target, or does a job. */
function workFaults(json: JsonObject): Fault[] {
  const has = (name: string) => (json.get(name) ?? null) !== null;
  if (!has('job')) {
    if (!has('source')) {
      const message = 'The file needs source, where rows come from, or job, what the server is to do';
      return [{ pointer: '', message }];
    }
    return has('target') ? [] : [{ pointer: '', message: 'The file needs target' }];
  }
  if (has('source')) {
    const message = 'The file has both source and job; leave out job to move rows, or source to have the job done';
    return [{ pointer: '/job', message }];
  }
  return ['transform', 'target'].filter(has).map((name) => {
    return { pointer: `/${name}`, message: `${name} is about rows, and a job moves none; leave it out` };
  });
}

function triggerFaults({ schedule, source }: RowPipeline, kinds: readonly SourceKind[]): Fault[] {
  if (schedule?.trigger.kind !== 'files' || kinds.find(({ kind }) => kind === source.kind)?.tellsChanges) return [];
  const able = kinds.filter(({ tellsChanges }) => tellsChanges).map(({ kind }) => kind);
  const message = `schedule.on_files waits for files, and the source is of kind ${source.kind}; it may be ${able.join(', ')}`;
  return [{ pointer: '/schedule/on_files', message }];
}

/** What a run changes must not begin the next one without end. An upsert ends by itself, once it finds all rows as they are to be. */
function endlessFaults({ name, schedule, target }: RowPipeline): Fault[] {
  const trigger = schedule?.trigger;
  if (trigger?.kind === 'after' && trigger.pipeline === name) {
    const message = 'schedule.after names the pipeline itself, so that it would run without end; name another one';
    return [{ pointer: '/schedule/after', message }];
  }
  if (trigger?.kind !== 'change' || trigger.dataset !== target.dataset || target.mode === 'upsert') return [];
  const message = `schedule.on_change waits for changes of "${target.dataset}", which each run changes, so that it would run without end; name another dataset, or upsert by a key`;
  return [{ pointer: '/schedule/on_change', message }];
}

/** What makes no sense where nothing is fetched. */
function pushFaults({ schedule, target }: RowPipeline): Fault[] {
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
