import { DataForgeError, type Fault } from '#domain/errors.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import type { Call } from '../../call.ts';
import { requireRight } from '../../caller.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { PipelineFiles } from '../../ports/pipeline-files.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';

interface SynchronisePipelinesPorts {
  readonly catalog: DatasetCatalog;
  /** null where no folder of pipelines is named. */
  readonly files: PipelineFiles | null;
  readonly pipelines: PipelineCatalog;
}

/** Takes over what the pipeline files say; where one has a fault, all stay as they were. */
export function synchronisePipelines({ catalog, files, pipelines }: SynchronisePipelinesPorts) {
  return async (_request: object, call: Call): Promise<{ readonly pipelines: readonly string[] }> => {
    requireRight(call.caller, 'admin');
    const read = (await files?.read(catalog.list())) ?? [];
    refuseUnknownPredecessors(read);
    pipelines.replace(read);
    return { pipelines: read.map(({ name }) => name) };
  };
}

function refuseUnknownPredecessors(pipelines: readonly Pipeline[]): void {
  const names = new Set(pipelines.map(({ name }) => name));
  const faults = pipelines.flatMap(({ name, schedule }): Fault[] => {
    if (schedule?.trigger.kind !== 'after' || names.has(schedule.trigger.pipeline)) return [];
    const message = `Pipeline "${name}" runs after "${schedule.trigger.pipeline}", and there is no such pipeline.`;
    return [{ pointer: `/${name}/schedule/after`, message }];
  });
  const [first] = faults;
  if (first !== undefined) throw new DataForgeError('invalid_pipeline_file', first.message, { faults });
}
