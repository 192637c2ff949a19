import { withSystemDatasets } from '#application/datasets/system-datasets.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { describeDataset } from '#domain/dataset/describe-dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import { JsonArray } from '#domain/record/json.ts';
import { didYouMean } from '#domain/text/suggest.ts';
import type { AddCommand, CliContext } from '../context.ts';
import { table } from '../output.ts';

/** `forge schemas [NAME]`: what the dataset files describe, and what the platform keeps itself. */
export const schemasCommand: AddCommand = (program, begin) => {
  program
    .command('schemas')
    .description('list the datasets, or the properties of one')
    .argument('[name]', 'dataset')
    .action(async (name: string | undefined, _options, command) => schemas(begin(command), name));
};

async function schemas({ host, output, flags }: CliContext, name: string | undefined): Promise<void> {
  const datasets = await withSystemDatasets(host.datasetFiles(host.loadConfig(flags).datasetsDir)).read();
  if (name === undefined) {
    output.answer(new JsonArray(datasets.map(describeDataset)), () => listText(datasets));
    return;
  }
  const dataset = datasets.find((candidate) => candidate.name === name);
  if (dataset === undefined) {
    const hint = didYouMean(
      name,
      datasets.map((candidate) => candidate.name),
    );
    throw new DataForgeError('unknown_dataset', `No dataset file describes "${name}"${hint}.`);
  }
  output.answer(describeDataset(dataset), () => propertiesText(dataset));
}

function listText(datasets: readonly Dataset[]): string {
  if (datasets.every(({ system }) => system)) return 'There are no dataset files yet; make one with: forge load FILE';
  return table(
    ['dataset', 'properties', 'key', 'description'],
    datasets.map(({ name, properties, primaryKey, description }) => [
      name,
      String(properties.length),
      primaryKey.join(', '),
      description,
    ]),
  );
}

function propertiesText({ name, description, properties }: Dataset): string {
  const rows = properties.map((property) => {
    const marks = [property.primaryKey ? 'key' : property.required ? 'required' : '', property.unique ? 'unique' : ''];
    return [property.name, formatDbType(property.dbType), marks.filter(Boolean).join(', '), property.description ?? ''];
  });
  return `${name}${description === '' ? '' : `: ${description}`}\n\n${table(['property', 'type', 'rules', 'description'], rows)}`;
}
