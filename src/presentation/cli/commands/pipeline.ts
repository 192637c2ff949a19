import type { Command } from 'commander';
import { DataForgeError, ERROR_TITLES, type ErrorCode } from '#domain/errors.ts';
import { type Json, JsonArray } from '#domain/record/json.ts';
import { type ApiClient, apiPath } from '../client.ts';
import type { AddCommand, CliContext } from '../context.ts';
import { readCount } from '../filters.ts';
import { table } from '../output.ts';
import { formatBytes, formatCount, Progress } from '../progress.ts';
import { addPipelineInit } from './pipeline-init.ts';
import { memberOf, textOf } from './query.ts';

/** How long one request waits for the end of a run before it is asked for again, in milliseconds. */
const WAIT = 1000;

/** `forge pipeline list|init|run|backfill|status|logs|pause|resume|rollback|replay|reset`: what fetches rows from elsewhere. */
export const pipelineCommand: AddCommand = (program, begin) => {
  const pipeline = program.command('pipeline').description('run pipelines, and see how their runs went');
  pipeline
    .command('list')
    .description('list the pipelines with their last runs')
    .action(async (_options, command: Command) => list(begin(command)));
  addPipelineInit(pipeline, begin);
  pipeline
    .command('run')
    .description('run a pipeline and wait for its end; Ctrl+C cancels it')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) =>
      run(begin(command), apiPath('pipelines', name, 'runs')),
    );
  pipeline
    .command('backfill')
    .description('read a window of values of the incremental field again; the pipeline goes on where it was')
    .argument('<name>')
    .requiredOption('--from <value>', 'the least value of the window')
    .requiredOption('--to <value>', 'the value behind the window, which is not in it')
    .action(async (name: string, { from, to }: { from: string; to: string }, command: Command) =>
      run(begin(command), apiPath('pipelines', name, 'backfills'), { from, to }),
    );
  pipeline
    .command('status')
    .description('show the last runs of a pipeline')
    .argument('<name>')
    .option('-n, --limit <number>', 'at most so many', readCount)
    .action(async (name: string, { limit }: { limit?: number }, command: Command) =>
      status(begin(command), name, limit),
    );
  pipeline
    .command('logs')
    .description('show what a run said: the last one, or one named by its id')
    .argument('<name>')
    .argument('[run]')
    .action(async (name: string, id: string | undefined, _options, command: Command) => logs(begin(command), name, id));
  for (const [action, said] of [
    ['pause', 'hold the schedule of a pipeline, until it is resumed'],
    ['resume', 'let the schedule of a pipeline go on'],
  ] as const) {
    pipeline
      .command(action)
      .description(said)
      .argument('<name>')
      .action(async (name: string, _options, command: Command) => hold(begin(command), name, action));
  }
  pipeline
    .command('rollback')
    .description('undo what a run did: records it made go, records it changed return')
    .argument('<run>', 'id of the run')
    .action(async (id: string, _options, command: Command) => rollBack(begin(command), id));
  pipeline
    .command('replay')
    .description('try the rows that a pipeline set aside once more')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => replay(begin(command), name));
  pipeline
    .command('reset')
    .description('forget how far a pipeline has come; its next run reads from the beginning')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => reset(begin(command), name));
};

async function hold({ output, withTarget }: CliContext, name: string, action: 'pause' | 'resume'): Promise<void> {
  const answer = await withTarget(({ client }) => client.json('POST', apiPath('pipelines', name, action)));
  output.answer(answer, () => {
    const next = textOf(memberOf(memberOf(answer, 'schedule'), 'next_at'));
    if (action === 'pause') return `${name} waits until it is resumed`;
    return next === '' ? `${name} goes on` : `${name} goes on; it is due at ${next}`;
  });
}

async function rollBack({ output, withTarget }: CliContext, id: string): Promise<void> {
  const answer = await withTarget(({ client }) => client.json('POST', apiPath('runs', id, 'rollback')));
  output.answer(answer, () => {
    const records = Number(textOf(memberOf(answer, 'records')));
    const isBackfill = memberOf(memberOf(answer, 'run'), 'backfill') !== null;
    const cursor =
      memberOf(answer, 'cursor_reset') === true
        ? `${isBackfill ? 'a backfill of the same window' : 'the next run'} fetches its rows again`
        : 'other runs have come since, so that its rows are not fetched again';
    return `${formatCount(records)} ${records === 1 ? 'record is' : 'records are'} as before the run; ${cursor}`;
  });
}

async function replay({ output, withTarget, signal }: CliContext, name: string): Promise<void> {
  const path = apiPath('pipelines', name, 'replay');
  const answer = await withTarget(({ client }) => client.json('POST', path, { signal }));
  output.answer(answer, () => {
    return `${textOf(memberOf(answer, 'stored'))} stored, ${textOf(memberOf(answer, 'left'))} still do not fit`;
  });
}

async function reset({ output, withTarget }: CliContext, name: string): Promise<void> {
  const answer = await withTarget(({ client }) => client.json('POST', apiPath('pipelines', name, 'reset')));
  output.answer(answer, () => `${name} begins anew with its next run`);
}

async function list({ output, withTarget, signal }: CliContext): Promise<void> {
  const answer = await withTarget(({ client }) => client.json('GET', '/pipelines', { signal }));
  output.answer(answer, () => {
    const rows = itemsOf(answer, 'pipelines').map((pipeline) => {
      const last = memberOf(pipeline, 'last_run');
      const job = memberOf(pipeline, 'job');
      const work = job === null ? textOf(memberOf(pipeline, 'source')) : `job ${textOf(job)}`;
      const target = ['dataset', 'mode'].map((name) => textOf(memberOf(pipeline, name)));
      const cells = [textOf(memberOf(pipeline, 'name')), work, ...target];
      return [
        ...cells,
        last === null ? 'never ran' : textOf(memberOf(last, 'state')),
        textOf(memberOf(last, 'started_at')),
      ];
    });
    return rows.length === 0
      ? 'There are no pipelines; set PIPELINES_DIR to the folder of their files.'
      : table(['name', 'source', 'dataset', 'mode', 'last run', 'at'], rows);
  });
}

/** Begins a run at an address and waits for its end. */
async function run({ output, withTarget, signal }: CliContext, path: string, json?: object): Promise<void> {
  const ended = await withTarget(async ({ client }) => {
    const begun = await client.json('POST', path, { ...(json && { body: JSON.stringify(json) }), signal });
    return followed(client, begun, output, signal);
  });
  const error = memberOf(ended, 'error');
  if (error !== null) throw errorOf(error);
  output.answer(ended, () => runText(ended));
}

/** Asks how a run stands until it has ended. */
async function followed(
  client: ApiClient,
  begun: Json,
  output: CliContext['output'],
  signal: AbortSignal,
): Promise<Json> {
  const path = apiPath('runs', textOf(memberOf(begun, 'id')));
  const isShown = !output.quiet && !output.json;
  const progress = new Progress(isShown ? output.err : null, {
    label: textOf(memberOf(begun, 'pipeline')),
    total: null,
    unit: 'rows',
  });
  let run = begun;
  let rows = 0;
  try {
    while (['waiting', 'running'].includes(textOf(memberOf(run, 'state')))) {
      run = await client.json('GET', path, { query: { wait_ms: WAIT }, signal });
      const now = Number(textOf(memberOf(memberOf(run, 'progress'), 'rows')));
      progress.advance(now - rows);
      rows = now;
    }
  } catch (error) {
    progress.stop();
    if (signal.aborted) await client.send('DELETE', path).catch(() => {});
    throw error;
  }
  progress.finish();
  return run;
}

function errorOf(error: Json): DataForgeError {
  const code = textOf(memberOf(error, 'code'));
  const known = Object.hasOwn(ERROR_TITLES, code) ? (code as ErrorCode) : 'internal';
  return new DataForgeError(known, textOf(memberOf(error, 'message')));
}

function runText(run: Json): string {
  const figure = (name: string) => Number(textOf(memberOf(run, name)));
  const done = (['created', 'updated', 'deleted', 'ignored', 'rejected'] as const).flatMap((name) =>
    figure(name) > 0 ? [`${formatCount(figure(name))} ${name}`] : [],
  );
  const bytes = Number(textOf(memberOf(memberOf(run, 'progress'), 'bytes')));
  if (memberOf(run, 'dataset') === null)
    return `${textOf(memberOf(run, 'pipeline'))} ${textOf(memberOf(run, 'state'))}`;
  const what = done.length === 0 ? 'nothing new' : `${done.join(', ')} (${formatBytes(bytes)})`;
  return `${textOf(memberOf(run, 'pipeline'))} ${textOf(memberOf(run, 'state'))}: ${what}`;
}

async function status({ output, withTarget, signal }: CliContext, name: string, limit?: number): Promise<void> {
  const path = apiPath('pipelines', name, 'runs');
  const answer = await withTarget(({ client }) => client.json('GET', path, { query: { limit }, signal }));
  output.answer(answer, () => {
    const columns = ['id', 'state', 'started_at', 'created', 'updated', 'rejected', 'retries'];
    const rows = itemsOf(answer, 'runs').map((run) => columns.map((column) => textOf(memberOf(run, column))));
    return rows.length === 0 ? `${name} never ran` : table(columns, rows);
  });
}

async function logs({ output, withTarget, signal }: CliContext, name: string, id?: string): Promise<void> {
  const run = await withTarget(async ({ client }) => {
    const wanted = id ?? (await lastRunOf(client, name, signal));
    return client.json('GET', apiPath('runs', wanted), { signal });
  });
  output.answer(run, () =>
    itemsOf(run, 'log')
      .map((line) => `${textOf(memberOf(line, 'at'))}  ${textOf(memberOf(line, 'message'))}`)
      .join('\n'),
  );
}

async function lastRunOf(client: ApiClient, name: string, signal: AbortSignal): Promise<string> {
  const pipeline = await client.json('GET', apiPath('pipelines', name), { signal });
  const last = memberOf(pipeline, 'last_run');
  if (last === null)
    throw new DataForgeError('unknown_run', `${name} never ran; run it with: forge pipeline run ${name}`);
  return textOf(memberOf(last, 'id'));
}

function itemsOf(json: Json, name: string): readonly Json[] {
  const items = memberOf(json, name);
  return items instanceof JsonArray ? items.items : [];
}
