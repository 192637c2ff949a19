import type { FileFault } from '#application/ports/described-files.ts';
import { DataForgeError } from '#domain/errors.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { AddCommand, CliContext } from '../context.ts';

/** `forge check`: are the configuration and every dataset file in order? Needs no server and touches no store. */
export const checkCommand: AddCommand = (program, begin) => {
  program
    .command('check')
    .description('check the configuration and every dataset file')
    .action(async (_options, command) => check(begin(command)));
};

async function check({ host, output, flags }: CliContext): Promise<void> {
  const { datasetsDir } = host.loadConfig(flags);
  try {
    const { datasets } = await host.datasetFiles(datasetsDir).load();
    const names = datasets.map(({ name }) => name);
    output.answer(jsonFrom({ ok: true, datasets: names, faults: [] }), () => {
      return `${datasets.length === 1 ? 'One dataset is' : `${datasets.length} datasets are`} in order: ${names.join(', ')}`;
    });
  } catch (error) {
    if (!(error instanceof DataForgeError) || error.code !== 'invalid_dataset_file' || !output.json) throw error;
    const faults = error.details.faults as readonly FileFault[];
    output.answer(jsonFrom({ ok: false, datasets: [], faults }), () => '');
    throw error;
  }
}
