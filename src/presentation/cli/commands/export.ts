import { type Command, Option } from 'commander';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, jsonFrom } from '#domain/record/json.ts';
import { type ApiClient, apiPath } from '../client.ts';
import type { AddCommand, CliContext } from '../context.ts';
import { type FileFormat, fileKind, MEDIA_TYPES } from '../files.ts';
import { parameterOf, readCount, readFilter, readSort } from '../filters.ts';
import { formatBytes, formatCount, Progress } from '../progress.ts';
import { writeFileWhole } from '../write-file.ts';
import { memberOf, textOf } from './query.ts';

interface ExportOptions {
  readonly to?: string;
  readonly format?: FileFormat;
  readonly filter?: readonly Json[];
  readonly sort?: readonly Json[];
  readonly fields?: string;
  readonly limit?: number;
  readonly flat?: boolean;
}

/** `forge export DATASET`: all records that match, as one snapshot, into a file or to the standard output. */
export const exportCommand: AddCommand = (program, begin) => {
  program
    .command('export')
    .description('write records to a file, or to the standard output')
    .argument('<dataset>')
    .option(
      '-o, --to <file>',
      '.csv, .ndjson, .parquet or .arrow, also with .gz or .zst; without it the standard output',
    )
    .addOption(
      new Option('--format <format>', 'format, where the file does not tell').choices([
        'csv',
        'ndjson',
        'parquet',
        'arrow',
      ]),
    )
    .option('-f, --filter <condition>', "like 'amount gt 100', or the API's JSON; several must all hold", readFilter)
    .option('-s, --sort <fields>', 'like amount:desc,name', readSort)
    .option('--fields <names>', 'only these properties, with commas')
    .option('-n, --limit <number>', 'at most so many', readCount)
    .option('--flat', 'NDJSON with flat columns instead of records')
    .action(async (dataset: string, options: ExportOptions, command: Command) =>
      exportRecords(begin(command), dataset, options),
    );
};

async function exportRecords(context: CliContext, dataset: string, options: ExportOptions): Promise<void> {
  const { output, signal } = context;
  const kind = options.to === undefined ? null : fileKind(options.to, options.format);
  const format = kind?.format ?? options.format ?? 'ndjson';
  if (format === 'json')
    throw new DataForgeError('not_acceptable', 'Records are not exported as one JSON array; use .ndjson.');
  const query = {
    filters: parameterOf(options.filter),
    sort: parameterOf(options.sort),
    fields: options.fields,
    limit: options.limit,
    shape: options.flat === true ? 'flat' : undefined,
  };
  await context.withTarget(async ({ client }) => {
    const shown = options.to !== undefined && !output.quiet && !output.json;
    const total = shown ? await countRows(client, dataset, query.filters, options.limit) : null;
    const headers = { accept: MEDIA_TYPES[format] };
    const response = await client.send('GET', apiPath('records', dataset, 'stream'), { query, headers, signal });
    if (response.body === null) throw new DataForgeError('internal', 'The server sent nothing.');
    if (options.to === undefined) {
      for await (const chunk of response.body) await output.bytes(chunk);
      return;
    }
    const isText = format === 'csv' || format === 'ndjson';
    const label = `${dataset} to ${options.to}`;
    const progress = new Progress(shown ? output.err : null, {
      label,
      total: isText ? total : null,
      unit: isText ? 'rows' : 'bytes',
    });
    const bytes = await writeFileWhole(options.to, counted(response.body, progress, isText), kind?.coding ?? null);
    progress.finish();
    output.answer(jsonFrom({ file: options.to, bytes, rows: total }), () => {
      return `${options.to}: ${total === null ? '' : `${formatCount(total)} records, `}${formatBytes(bytes)}`;
    });
  });
}

async function countRows(
  client: ApiClient,
  dataset: string,
  filters: string | undefined,
  limit: number | undefined,
): Promise<number> {
  const answer = await client.json('GET', apiPath('records', dataset, 'count'), { query: { filters } });
  return Math.min(Number(textOf(memberOf(answer, 'count'))), limit ?? Number.POSITIVE_INFINITY);
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  progress: Progress,
  isText: boolean,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk;
    if (!isText) {
      progress.advance(chunk.length);
      continue;
    }
    let lines = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
    progress.advance(lines);
  }
}
