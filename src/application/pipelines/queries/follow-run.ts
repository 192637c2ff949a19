import { setTimeout as sleep } from 'node:timers/promises';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import { type RecallPorts, recallRun } from '../recall-runs.ts';

/** A run is told of no oftener. */
const LEAST_PAUSE = 250;

/** A run as it stands, each time that it gets on, and at last as it ended. */
export function followRun(ports: RecallPorts) {
  return async ({ id }: { readonly id: string }, call: Call): Promise<AsyncGenerator<PipelineRun>> => {
    requireRight(call.caller, 'read');
    const first = await recallRun(ports, id);
    return follow(ports, first, call.signal);
  };
}

async function* follow(ports: RecallPorts, first: PipelineRun, signal: AbortSignal): AsyncGenerator<PipelineRun> {
  yield first;
  if (first.endedAt !== null) return;
  let isFirst = true;
  for await (const _ of ports.runs.heard(first.id, signal)) {
    if (!isFirst) yield await recallRun(ports, first.id);
    isFirst = false;
    await sleep(LEAST_PAUSE, undefined, { signal }).catch(() => {});
  }
  if (!signal.aborted) yield recallRun(ports, first.id);
}
