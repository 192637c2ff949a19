import { type Command, InvalidArgumentError, Option } from 'commander';
import { OPERATION_NAMES } from '#domain/analysis/analysis.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonArray, JsonObject, jsonFrom, parseJson, writeJson } from '#domain/record/json.ts';
import { type ApiClient, apiPath } from '../client.ts';
import type { AddCommand, CliContext } from '../context.ts';
import { type FileFormat, fileKind, MEDIA_TYPES } from '../files.ts';
import { readFilter } from '../filters.ts';
import { formatBytes } from '../progress.ts';
import { sqlText } from '../sql-answer.ts';
import { writeFileWhole } from '../write-file.ts';
import { memberOf, textOf } from './query.ts';

interface AnalyseOptions {
  readonly param?: readonly Parameter[];
  readonly filter?: readonly Json[];
  readonly to?: string;
  readonly format?: FileFormat;
}

interface Parameter {
  readonly name: string;
  readonly value: Json;
}

/** How long one request waits for an analysis before it is asked for again, in milliseconds. */
const WAIT = 1000;

/** `forge analyse DATASET OPERATION`: computes an analysis and waits for it; Ctrl+C cancels it. */
export const analyseCommand: AddCommand = (program, begin) => {
  program
    .command('analyse')
    .description('compute an analysis of a dataset')
    .argument('<dataset>')
    .argument('<operation>', OPERATION_NAMES.join(', '))
    .option('-p, --param <name=value>', 'a parameter of the operation; JSON where the value is', readParameter)
    .option('-f, --filter <condition>', "like 'amount gt 100', or the API's JSON; several must all hold", readFilter)
    .option('-o, --to <file>', '.csv, .ndjson, .parquet or .arrow, also with .gz or .zst')
    .addOption(
      new Option('--format <format>', 'format, where the file does not tell').choices([
        'csv',
        'ndjson',
        'parquet',
        'arrow',
      ]),
    )
    .action(async (dataset: string, operation: string, options: AnalyseOptions, command: Command) => {
      const asked = new JsonObject([
        { name: 'dataset_id', value: dataset },
        { name: 'operation', value: operation },
        { name: 'parameters', value: new JsonObject(options.param ?? []) },
        { name: 'filters', value: new JsonArray(options.filter ?? []) },
        { name: 'wait_ms', value: jsonFrom(WAIT) },
      ]);
      await analyse(begin(command), writeJson(asked), options);
    });
};

async function analyse(context: CliContext, body: string, { to, format }: AnalyseOptions): Promise<void> {
  const { output, signal } = context;
  const kind = to === undefined ? null : fileKind(to, format);
  const wanted = kind?.format ?? format;
  if (wanted === 'json') {
    throw new DataForgeError('not_acceptable', 'Rows are not written as one JSON array; use .ndjson.');
  }
  await context.withTarget(async ({ client }) => {
    const answer = await waitedFor(client, await client.json('POST', '/analysis', { body, signal }), context);
    const path = apiPath('analysis', textOf(memberOf(answer, 'id')), 'result');
    if (wanted === undefined) {
      const result = memberOf(answer, 'rows') === null ? await client.json('GET', path, { signal }) : answer;
      output.answer(result, () => resultText(result, output.out.columns ?? Number.POSITIVE_INFINITY));
      return;
    }
    const response = await client.send('GET', path, { headers: { accept: MEDIA_TYPES[wanted] }, signal });
    if (response.body === null) throw new DataForgeError('internal', 'The server sent nothing.');
    if (to === undefined) {
      for await (const chunk of response.body) await output.bytes(chunk);
      return;
    }
    const bytes = await writeFileWhole(to, response.body, kind?.coding ?? null);
    output.answer(jsonFrom({ file: to, bytes }), () => `${to}: ${formatBytes(bytes)}`);
  });
}

/** Asks how a job stands until it has ended. @returns the result, or the job of one whose result is to be fetched */
async function waitedFor(client: ApiClient, first: Json, { output, signal }: CliContext): Promise<Json> {
  const state = (json: Json) => textOf(memberOf(json, 'state'));
  const path = apiPath('analysis', textOf(memberOf(first, 'id')));
  let told = 0;
  let job = first;
  try {
    while (state(job) === 'queued' || state(job) === 'running') {
      told = tellNew(job, told, (line) => output.note(line));
      const part = memberOf(memberOf(job, 'progress'), 'part');
      if (part !== null) output.note(`${Math.round(Number(textOf(part)) * 100)} %`);
      job = await client.json('GET', path, { query: { wait_ms: WAIT }, signal });
    }
  } catch (error) {
    if (signal.aborted) await client.send('DELETE', path).catch(() => {});
    throw error;
  }
  const error = memberOf(job, 'error');
  if (error === null) return job;
  throw new DataForgeError('invalid_value', textOf(memberOf(error, 'detail')));
}

/** Tells the lines of a job's log that were not told yet. */
function tellNew(job: Json, told: number, tell: (line: string) => void): number {
  const log = memberOf(job, 'log');
  const lines = log instanceof JsonArray ? log.items : [];
  for (const line of lines.slice(told)) tell(textOf(memberOf(line, 'message')));
  return lines.length;
}

function resultText(result: Json, width: number): string {
  const note = textOf(memberOf(result, 'note'));
  return `${sqlText(result, width)}${note === '' ? '' : `\n${note}`}`;
}

function readParameter(text: string, earlier: readonly Parameter[] = []): readonly Parameter[] {
  const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write NAME=VALUE.');
  return [...earlier.filter((parameter) => parameter.name !== name), { name, value: readValue(value) }];
}

/** JSON where it can be read as such, else the text itself. */
function readValue(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
