import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import { withoutSystemColumns } from '#domain/dataset/exported-columns.ts';
import { nameFault } from '#domain/dataset/names.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonArray } from '#domain/record/json.ts';
import { inferColumns } from '#formats/rows/infer-columns.ts';
import { adminApi } from '../admin-api.ts';
import { type ApiClient, apiPath } from '../client.ts';
import type { AddCommand, CliContext } from '../context.ts';
import { type FileFormat, type FileKind, fileKind, mediaTypeOf, openDecoded, openFile, sizeOf } from '../files.ts';
import { datasetFileOf } from '../infer-file.ts';
import { datasetsFolder } from '../own-folders.ts';
import { formatCount, formatTime, Progress } from '../progress.ts';
import type { Target } from '../target.ts';
import { memberOf, textOf } from './query.ts';

interface LoadOptions {
  readonly into?: string;
  readonly format?: FileFormat;
  readonly onConflict: string;
  readonly onInvalid: string;
}

/** `forge load FILE…`: rows from files, each file one durable commit. */
export const loadCommand: AddCommand = (program, begin) => {
  program
    .command('load')
    .description('load rows from files; a dataset that does not exist yet is made, its types found in the file')
    .argument('<files...>', '.csv, .ndjson, .json, .parquet or .arrow, also with .gz or .zst')
    .option('--into <dataset>', 'dataset; without it the name of the file')
    .addOption(
      new Option('--format <format>', 'format of the files').choices(['csv', 'ndjson', 'json', 'parquet', 'arrow']),
    )
    .addOption(
      new Option('--on-conflict <policy>', 'what becomes of a row whose key exists')
        .choices(['error', 'ignore', 'update'])
        .default('error'),
    )
    .addOption(
      new Option('--on-invalid <policy>', 'abort: store nothing; reject: store the good rows')
        .choices(['abort', 'reject'])
        .default('abort'),
    )
    .action(async (files: string[], options: LoadOptions, command: Command) => load(begin(command), files, options));
};

async function load(context: CliContext, files: readonly string[], options: LoadOptions): Promise<void> {
  const kinds = files.map((path) => ({ path, kind: fileKind(path, options.format) }));
  for (const { path } of kinds) await sizeOf(path);
  if (!context.isRemote) await mkdir(datasetsFolder(context.host.loadConfig(context.flags)), { recursive: true });
  await context.withTarget(async (target) => {
    for (const { path, kind } of kinds) {
      const dataset = options.into ?? kind.stem;
      if (!(await exists(target.client, dataset))) await makeDataset(context, target, dataset, path, kind);
      await loadFile(context, target.client, dataset, path, kind, options);
    }
  });
}

async function exists(client: ApiClient, dataset: string): Promise<boolean> {
  try {
    await client.json('GET', apiPath('schemas', dataset));
    return true;
  } catch (error) {
    if (error instanceof DataForgeError && error.code === 'unknown_dataset') return false;
    throw error;
  }
}

/** Writes a dataset file for what the rows look like, and has the server take it over. */
async function makeDataset(
  context: CliContext,
  target: Target,
  dataset: string,
  path: string,
  kind: FileKind,
): Promise<void> {
  const { host, output } = context;
  if (target.kind === 'remote') {
    throw new DataForgeError(
      'unknown_dataset',
      `The server has no dataset "${dataset}"; put a dataset file there first.`,
    );
  }
  const fault = nameFault(dataset);
  if (fault !== null)
    throw new DataForgeError('invalid_parameter', `The name "${dataset}" ${fault}; give another with --into.`);
  output.note(`"${dataset}" is new; finding the types in ${path} …`);
  const columns = withoutSystemColumns(
    kind.format === 'parquet' || kind.format === 'arrow'
      ? await host.readColumns(path, kind)
      : await inferColumns(openDecoded(path, kind.coding), kind.format, 'record'),
  );
  const bad = columns.find(({ name }) => nameFault(name) !== null);
  if (bad !== undefined) {
    throw new DataForgeError('invalid_body', `The column "${bad.name}" ${nameFault(bad.name)}; rename it in the file.`);
  }
  const { datasetsDir } = host.loadConfig(context.flags);
  const file = join(datasetsDir, `${dataset.replace(/[\\/:*?"<>|]/g, '_')}.yaml`);
  if (existsSync(file)) {
    throw new DataForgeError(
      'invalid_dataset_file',
      `${file} is there already and describes no dataset "${dataset}" that the server knows.`,
    );
  }
  await writeFile(
    file,
    `# Found in ${kind.stem}.${kind.format}; change it as you like.\n${stringify(datasetFileOf(dataset, columns))}`,
  );
  await adminApi.reload(target.client);
  output.note(`New dataset "${dataset}" with ${columns.length} properties: ${file}`);
}

async function loadFile(
  { output, signal }: CliContext,
  client: ApiClient,
  dataset: string,
  path: string,
  kind: FileKind,
  options: LoadOptions,
): Promise<void> {
  const total = await sizeOf(path);
  const progress = new Progress(output.quiet || output.json ? null : output.err, { label: path, total, unit: 'bytes' });
  const started = performance.now();
  const headers: Record<string, string> = { 'content-type': await mediaTypeOf(path, kind) };
  if (kind.coding !== null) headers['content-encoding'] = kind.coding;
  const query = { on_conflict: options.onConflict, on_invalid: options.onInvalid };
  const body = counted(openFile(path), progress, kind);
  const address = apiPath('records', dataset, 'bulk');
  const answer = await client.json('POST', address, { query, headers, body, signal }).finally(() => progress.stop());
  progress.finish();
  output.answer(answer, () => summary(dataset, answer, (performance.now() - started) / 1000));
}

/** Tells the progress of what passes; lines are counted where a line is a row. */
async function* counted(
  body: AsyncIterable<Uint8Array>,
  progress: Progress,
  { format, coding }: FileKind,
): AsyncGenerator<Uint8Array> {
  const countsLines = coding === null && (format === 'csv' || format === 'ndjson');
  let lines = format === 'csv' ? -1 : 0;
  for await (const chunk of body) {
    yield chunk;
    if (countsLines) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
      progress.rows(Math.max(lines, 0));
    }
    progress.advance(chunk.length);
  }
}

const SHOWN_REJECTIONS = 20;

function summary(dataset: string, answer: Json, seconds: number): string {
  const count = (name: string) => Number(textOf(memberOf(answer, name)) || 0);
  const parts = ['created', 'updated', 'ignored', 'rejected'].flatMap((word) => {
    const rows = count(`records_${word}`);
    return rows > 0 || word === 'created' ? [`${formatCount(rows)} ${word}`] : [];
  });
  const stored = count('records_created') + count('records_updated');
  const rate = stored < 1000 ? '' : ` (${formatCount(Math.round(stored / Math.max(seconds, 0.001)))} rows/s)`;
  const rejections = memberOf(answer, 'rejections');
  const items = rejections instanceof JsonArray ? rejections.items : [];
  const lines = items
    .slice(0, SHOWN_REJECTIONS)
    .map((item) => `  line ${textOf(memberOf(item, 'line'))}: ${faultsText(memberOf(item, 'errors'))}`);
  if (count('records_rejected') > lines.length)
    lines.push(`  and ${formatCount(count('records_rejected') - lines.length)} more`);
  return [`${dataset}: ${parts.join(', ')} in ${formatTime(seconds)}${rate}`, ...lines].join('\n');
}

function faultsText(errors: Json): string {
  return errors instanceof JsonArray ? errors.items.map((error) => textOf(memberOf(error, 'message'))).join(' ') : '';
}
