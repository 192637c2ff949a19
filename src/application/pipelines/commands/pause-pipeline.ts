import { DataForgeError } from '#domain/errors.ts';
import { takesEvents } from '#domain/pipeline/push.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { Scheduler } from '../../scheduling/scheduler.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { requireRightToRun } from '../require-right-to-run.ts';
import { scheduleName } from '../scheduled-pipelines.ts';

interface PausePorts {
  readonly pipelines: PipelineCatalog;
  readonly scheduler: Scheduler;
}

/**
 * Holds the schedule of a pipeline, or lets it go on; what was due meanwhile is not caught up. One that takes events takes none
 * meanwhile. It holds over restarts.
 */
export function pausePipeline({ pipelines, scheduler }: PausePorts) {
  return async ({ name, paused }: { readonly name: string; readonly paused: boolean }, call: Call): Promise<void> => {
    requireRight(call.caller, 'write');
    const pipeline = pipelines.get(name);
    requireRightToRun(call.caller, { isJob: pipeline.kind === 'job' });
    if (pipeline.schedule === null && !takesEvents(pipeline)) {
      const message = `Pipeline "${name}" has no schedule that could be held; it runs when somebody asks for it.`;
      throw new DataForgeError('invalid_parameter', message);
    }
    await scheduler.pause(scheduleName(name), paused);
  };
}
