import { DataForgeError, type ErrorCode } from '#domain/errors.ts';
import type { RunFigures, RunStages } from '#domain/run/run-record.ts';
import type { Call } from '../call.ts';
import type { CreateRecordsRequest, CreateRecordsResult } from '../records/commands/create-records.ts';
import type { LoadRecordsRequest, LoadRecordsResult } from '../records/commands/load-records.ts';
import { CountedBody } from '../records/counted-body.ts';
import type { Answered } from '../records/idempotency.ts';
import type { BegunRun, RunRecorder } from './run-recorder.ts';

type UseCase<R, T> = (request: R, call: Call) => Promise<Answered<T>>;

/** What is refused before a row of it is looked at is no load. */
const REFUSALS: readonly ErrorCode[] = [
  'forbidden',
  'unknown_dataset',
  'invalid_parameter',
  'too_many_requests',
  'idempotency_mismatch',
];

/** The use case, with a record of each load; a request that is answered as it was before is none. */
export function recordedLoad(
  recorder: RunRecorder,
  load: UseCase<LoadRecordsRequest, LoadRecordsResult>,
): UseCase<LoadRecordsRequest, LoadRecordsResult> {
  return (request, call) => {
    const { schema: dataset, format: name, onInvalid, onConflict } = request;
    const settings = { on_invalid: onInvalid ?? 'abort', on_conflict: onConflict ?? 'error' };
    const run = beginLoad(recorder, call, { dataset, name, settings });
    const body = new CountedBody(request.body, () => run.tell());
    const stages = stagesOf(call);
    return recorded(run, load({ ...request, body }, call), (result) => ({
      figures: { bytes: body.bytes, ...figuresOf(result) },
      stages: stages(body.waited),
    }));
  };
}

/** The same for rows that came with their request. */
export function recordedCreate(
  recorder: RunRecorder,
  create: UseCase<CreateRecordsRequest, CreateRecordsResult>,
): UseCase<CreateRecordsRequest, CreateRecordsResult> {
  return (request, call) => {
    const { schema: dataset, rows, onConflict } = request;
    const settings = { on_invalid: 'abort', on_conflict: onConflict ?? 'error' };
    const run = beginLoad(recorder, call, { dataset, name: 'json', settings });
    const stages = stagesOf(call);
    return recorded(run, create(request, call), (result) => ({
      figures: { bytes: rows.kind === 'text' ? rows.json.byteLength : null, ...figuresOf(result) },
      stages: stages(0),
    }));
  };
}

function beginLoad(
  recorder: RunRecorder,
  { caller }: Call,
  subject: { readonly dataset: string; readonly name: string; readonly settings: Readonly<Record<string, unknown>> },
): BegunRun {
  return recorder.begin({ kind: 'load', caller: caller.name, processor: null, ...subject });
}

async function recorded<T>(
  run: BegunRun,
  work: Promise<Answered<T>>,
  facts: (result: T | null) => { readonly figures: Partial<RunFigures>; readonly stages: RunStages },
): Promise<Answered<T>> {
  try {
    const answered = await work;
    if (answered.replayed === null) run.end({ error: null, ...facts(answered.result) });
    else run.discard();
    return answered;
  } catch (error) {
    if (error instanceof DataForgeError && REFUSALS.includes(error.code)) run.discard();
    else run.end({ error, ...facts(null) });
    throw error;
  }
}

/** @returns what tells where the time of this call goes from here on; a call may store several times */
function stagesOf({ observation: { parts } }: Call): (waited: number) => RunStages {
  const before = { ...parts };
  return (waited) => ({
    queue: parts.queue - before.queue,
    source: waited,
    write: parts.engine - before.engine - waited,
  });
}

/** Of a load that failed nothing is stored. */
function figuresOf(counts: Partial<LoadRecordsResult> | null): Partial<RunFigures> {
  if (counts === null) return { rowsWritten: 0 };
  const { created = 0, updated = 0, ignored = 0, rejected = 0 } = counts;
  return {
    rowsRead: created + updated + ignored + rejected,
    rowsWritten: created + updated,
    rowsRejected: rejected,
    created,
    updated,
    ignored,
  };
}
