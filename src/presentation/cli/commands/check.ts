import type { FileFault } from '#application/ports/described-files.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import { jsonFrom } from '#domain/record/json.ts';
import { RUNS_DATASET } from '#domain/run/runs-dataset.ts';
import { didYouMean } from '#domain/text/suggest.ts';
import type { AddCommand, CliContext } from '../context.ts';

/** `forge check`: are the configuration and every dataset and pipeline file in order? Needs no server and touches no store. */
export const checkCommand: AddCommand = (program, begin) => {
  program
    .command('check')
    .description('check the configuration and every dataset and pipeline file')
    .action(async (_options, command) => check(begin(command)));
};

async function check({ host, output, flags }: CliContext): Promise<void> {
  const { datasetsDir, pipelinesDir } = host.loadConfig(flags);
  try {
    const { datasets } = await host.datasetFiles(datasetsDir).load();
    const pipelines =
      pipelinesDir === null ? null : await host.pipelineFiles(pipelinesDir).read([...datasets, RUNS_DATASET]);
    for (const pipeline of pipelines ?? []) refuseUnknownTargets(pipeline, datasets);
    const found = { datasets: namesOf(datasets), ...(pipelines && { pipelines: namesOf(pipelines) }) };
    output.answer(jsonFrom({ ok: true, ...found, faults: [] }), () => {
      const lines = [inOrder('dataset', found.datasets)];
      return (found.pipelines ? [...lines, inOrder('pipeline', found.pipelines)] : lines).join('\n');
    });
  } catch (error) {
    if (!(error instanceof DataForgeError) || !Array.isArray(error.details.faults) || !output.json) throw error;
    const faults = error.details.faults as readonly FileFault[];
    output.answer(jsonFrom({ ok: false, datasets: [], faults }), () => '');
    throw error;
  }
}

function namesOf(described: readonly { readonly name: string }[]): readonly string[] {
  return described.map(({ name }) => name);
}

function inOrder(word: string, names: readonly string[]): string {
  return `${names.length === 1 ? `One ${word} is` : `${names.length} ${word}s are`} in order: ${names.join(', ')}`;
}

/** @throws DataForgeError `invalid_pipeline_file` where a pipeline names a dataset that no file describes */
function refuseUnknownTargets(pipeline: Pipeline, datasets: readonly Dataset[]): void {
  if (pipeline.kind === 'job') return;
  const { name, target } = pipeline;
  const known = namesOf(datasets);
  for (const wanted of [target.dataset, target.quarantine]) {
    if (wanted === null || known.includes(wanted)) continue;
    const message = `Pipeline "${name}" writes to the dataset "${wanted}"${didYouMean(wanted, known)}, and no file describes one of that name.`;
    throw new DataForgeError('invalid_pipeline_file', message);
  }
}
