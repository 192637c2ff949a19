import { type Command, InvalidArgumentError, Option } from 'commander';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, jsonFrom, parseJson } from '#domain/record/json.ts';
import type { AddCommand, CliContext } from '../context.ts';
import { type FileFormat, fileKind, MEDIA_TYPES } from '../files.ts';
import { readCount } from '../filters.ts';
import { formatBytes } from '../progress.ts';
import { askSql, type SqlQuery, sqlBody, sqlText } from '../sql-answer.ts';
import { runSqlPrompt } from '../sql-prompt.ts';
import { writeFileWhole } from '../write-file.ts';

interface SqlOptions {
  readonly to?: string;
  readonly format?: FileFormat;
  readonly param?: readonly Parameter[];
  readonly limit?: number;
  readonly timeout?: number;
}

interface Parameter {
  readonly name: string | null;
  readonly value: Json;
}

/** `forge sql ["SELECT …"]`: one query, or a prompt for many. */
export const sqlCommand: AddCommand = (program, begin) => {
  program
    .command('sql')
    .description('run one SELECT over the datasets, or open a prompt for many')
    .argument('[query]', 'without it what is piped in, else a prompt')
    .option('-o, --to <file>', '.csv, .ndjson, .parquet or .arrow, also with .gz or .zst')
    .addOption(
      new Option('--format <format>', 'format, where the file does not tell').choices([
        'csv',
        'ndjson',
        'parquet',
        'arrow',
      ]),
    )
    .option('-p, --param <value>', 'value of the next ?, or NAME=VALUE of $NAME; JSON where it is', readParameter)
    .option('-n, --limit <number>', 'at most so many rows', readCount)
    .option('--timeout <ms>', 'how long it may take', readCount)
    .action(async (text: string | undefined, options: SqlOptions, command: Command) => {
      const context = begin(command);
      const sql = text ?? (await pipedIn(context));
      if (sql === null) return runSqlPrompt(context);
      const { limit, timeout } = options;
      await run(context, { sql, params: paramsOf(options.param ?? []), limit, timeout }, options);
    });
};

async function run(context: CliContext, query: SqlQuery, { to, format }: SqlOptions): Promise<void> {
  const { output, signal } = context;
  const kind = to === undefined ? null : fileKind(to, format);
  const wanted = kind?.format ?? format;
  await context.withTarget(async ({ client }) => {
    if (wanted === undefined) {
      const answer = await askSql(client, query, signal);
      output.answer(answer, () => sqlText(answer, output.out.columns ?? Number.POSITIVE_INFINITY));
      return;
    }
    if (wanted === 'json') {
      throw new DataForgeError('not_acceptable', 'Rows are not written as one JSON array; use .ndjson.');
    }
    const headers = { accept: MEDIA_TYPES[wanted] };
    const response = await client.send('POST', '/query', { body: sqlBody(query), headers, signal });
    if (response.body === null) throw new DataForgeError('internal', 'The server sent nothing.');
    if (to === undefined) {
      for await (const chunk of response.body) await output.bytes(chunk);
      return;
    }
    const bytes = await writeFileWhole(to, response.body, kind?.coding ?? null);
    output.answer(jsonFrom({ file: to, bytes }), () => `${to}: ${formatBytes(bytes)}`);
  });
}

/** What stands on the standard input; null where somebody sits there. */
async function pipedIn({ host }: CliContext): Promise<string | null> {
  const input = host.in;
  if (input === undefined || input.isTTY) return null;
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) text += chunk;
  return text;
}

function readParameter(text: string, earlier: readonly Parameter[] = []): readonly Parameter[] {
  const [, name = null, rest = text] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(text) ?? [];
  if (earlier[0] !== undefined && (earlier[0].name === null) !== (name === null)) {
    throw new InvalidArgumentError('Give all parameters by name, or none.');
  }
  return [...earlier, { name, value: readValue(rest) }];
}

/** A number, a truth value, null or a quoted text where it can be read as JSON; else the text itself. */
function readValue(text: string): Json {
  try {
    const json = parseJson(text);
    const isScalar = json === null || typeof json !== 'object' || json instanceof JsonNumber;
    return isScalar ? json : text;
  } catch {
    return text;
  }
}

function paramsOf(parameters: readonly Parameter[]): Json {
  if (parameters[0]?.name == null) return new JsonArray(parameters.map(({ value }) => value));
  return new JsonObject(parameters.map(({ name, value }) => ({ name: name ?? '', value })));
}
