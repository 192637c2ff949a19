import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { DataForgeError } from '#domain/errors.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { CliContext } from '../context.ts';
import type { DraftedFiles } from '../host.ts';
import { datasetsFolder, pipelinesFolder } from '../own-folders.ts';

interface InitOptions {
  readonly name?: string;
  readonly dataset?: string;
  readonly kind?: string;
  readonly relation?: string;
  readonly send?: string;
  readonly secret?: string;
  readonly user?: string;
  readonly secretHeader?: string;
  readonly secretParam?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** `forge pipeline init ADDRESS`: the files of a pipeline, made of what an address looks like. */
export function addPipelineInit(pipeline: Command, begin: (command: Command) => CliContext): void {
  pipeline
    .command('init')
    .description('look at an address, and write the pipeline file and the dataset file that would fetch its rows')
    .argument('<address>', 'of http, ws, grpc or postgres; sqlite:FILE; or a file, a folder, a pattern in quotes')
    .option('--name <name>', 'name of the pipeline; without it what the source calls its rows')
    .option('--dataset <dataset>', 'dataset; without it the name of the pipeline. One that is there stays as it is')
    .option(
      '--kind <kind>',
      'kind of source, where the guess is wrong: files, flight, graphql, odata, rest, sql, websocket',
    )
    .option('--relation <relation>', 'table, entity set, list of GraphQL, where there are several')
    .option('--secret <secret>', 'name of the secret that is the token or the password; its value is never written')
    .option('--user <user>', 'user whose password the secret is')
    .option('--secret-header <header>', 'header that takes the secret, like X-Api-Key')
    .option('--secret-param <param>', 'parameter of the address that takes the secret')
    .option('--send <message>', 'message that a feed waits for')
    .option('--dry-run', 'show both files and write nothing')
    .option('--force', 'write over files that are there')
    .action(async (address: string, options: InitOptions, command: Command) => init(begin(command), address, options));
}

interface NewFile {
  readonly path: string;
  readonly text: string;
}

async function init({ host, output, flags, signal }: CliContext, address: string, options: InitOptions): Promise<void> {
  const config = host.loadConfig(flags);
  const folders = { datasets: datasetsFolder(config), pipelines: pipelinesFolder(config) };
  const known = existsSync(folders.datasets) ? (await host.datasetFiles(folders.datasets).load()).datasets : [];
  const drafted = await host.draftPipeline(flags, folders.pipelines, {
    address,
    kind: options.kind ?? null,
    relation: options.relation ?? null,
    name: options.name ?? null,
    dataset: options.dataset ?? null,
    access: accessOf(options),
    send: options.send ?? null,
    known: options.force && options.dataset === undefined ? [] : known,
    signal,
  });
  const { name, pipeline } = drafted;
  const files = filesOf(drafted, folders);
  if (!options.dryRun) {
    if (!options.force) refuseOverwriting(files);
    for (const file of files) await write(file);
  }
  const paths = files.map(({ path }) => path);
  output.answer(jsonFrom({ ...pipeline, files: paths, written: options.dryRun !== true }), () => {
    if (options.dryRun) return files.map(({ path, text }) => `# ${shown(path)}\n${text}`).join('\n');
    const isServed = folders.pipelines === config.pipelinesDir;
    const run = `forge pipeline run ${name}${isServed ? '' : ` --pipelines-dir ${shown(folders.pipelines)}`}`;
    return [...paths.map((path) => `Written: ${shown(path)}`), ...notesOf(drafted), `Run it with: ${run}`].join('\n');
  });
}

function accessOf({ secret, user, secretHeader, secretParam }: InitOptions) {
  if (secret !== undefined) {
    return { secret, user: user ?? null, header: secretHeader ?? null, param: secretParam ?? null };
  }
  if (user === undefined && secretHeader === undefined && secretParam === undefined) return null;
  throw new DataForgeError('invalid_parameter', 'Name the secret that goes with it, by --secret NAME.');
}

function filesOf({ name, pipeline, pipelineText, datasetText }: DraftedFiles, folders: Folders): readonly NewFile[] {
  const { dataset } = pipeline.target;
  const files = [{ path: join(folders.pipelines, fileName(name)), text: pipelineText }];
  return datasetText === null
    ? files
    : [{ path: join(folders.datasets, fileName(dataset)), text: datasetText }, ...files];
}

interface Folders {
  readonly datasets: string;
  readonly pipelines: string;
}

function fileName(name: string): string {
  return `${name.replace(/[\\/:*?"<>|]/g, '_')}.yaml`;
}

function refuseOverwriting(files: readonly NewFile[]): void {
  const there = files.filter(({ path }) => existsSync(path)).map(({ path }) => shown(path));
  if (there.length === 0) return;
  const message = `${there.join(' and ')} ${there.length === 1 ? 'is' : 'are'} there already; give another --name, or --force to write over.`;
  throw new DataForgeError('invalid_parameter', message);
}

async function write({ path, text }: NewFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.partial`, text);
  await rename(`${path}.partial`, path);
}

function notesOf({ sourceNotes, datasetNotes, pipeline }: DraftedFiles): readonly string[] {
  const found = `Found: ${String(pipeline.source.kind)}, ${pipeline.target.mode} into ${pipeline.target.dataset}`;
  return [found, ...[...sourceNotes, ...datasetNotes].map((note) => `  ${note}`)];
}

function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
