import { DataForgeError } from '#domain/errors.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { BatchStore } from '../../ports/batch-store.ts';
import type { RecordWriter } from '../../ports/record-writer.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import type { PipelineRuns } from '../pipeline-runs.ts';
import { writePipelineState } from '../pipeline-states.ts';

interface ResetPorts {
  readonly pipelines: PipelineCatalog;
  readonly runs: PipelineRuns;
  readonly store: BatchStore;
  readonly writer: RecordWriter;
}

/** Forgets how far a pipeline has come, so that its next run reads the source from the beginning; no row is touched. */
export function resetPipeline({ pipelines, runs, store, writer }: ResetPorts) {
  return async ({ name }: { readonly name: string }, call: Call): Promise<void> => {
    requireRight(call.caller, 'write');
    const pipeline = pipelines.getRows(name);
    if ((await runs.find(name)) !== null) {
      throw new DataForgeError(
        'pipeline_busy',
        `Pipeline "${name}" has a run under way; wait for its end, or cancel it.`,
      );
    }
    const state = await store.state(name);
    if (state === null) return;
    const { caller } = call;
    await writePipelineState(writer, pipeline.name, { ...state, cursor: null }, { caller: caller.name });
  };
}
