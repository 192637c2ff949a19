import type { Command } from 'commander';
import { type Json, JsonArray, writeJson } from '#domain/record/json.ts';
import { apiPath } from '../client.ts';
import type { AddCommand, CliContext } from '../context.ts';
import { readCount } from '../filters.ts';
import { memberOf, textOf } from './query.ts';

interface ChangesOptions {
  readonly since: number;
  readonly limit?: number;
  readonly latest?: boolean;
  readonly follow?: boolean;
}

const PAGE = 1000;
const WAIT_SECONDS = 20;

/** `forge changes DATASET`: what happened, a line a change. */
export const changesCommand: AddCommand = (program, begin) => {
  program
    .command('changes')
    .description('list the changes of a dataset, a JSON line each')
    .argument('<dataset>')
    .option('--since <seq>', 'changes behind this sequence number', readCount, 0)
    .option('-n, --limit <number>', 'at most so many', readCount)
    .option('--latest', 'only the newest change of each record')
    .option('--follow', 'wait for more, until broken off')
    .action(async (dataset: string, options: ChangesOptions, command: Command) =>
      changes(begin(command), dataset, options),
    );
};

async function changes(
  { output, withTarget, signal }: CliContext,
  dataset: string,
  options: ChangesOptions,
): Promise<void> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let since = String(options.since);
  await withTarget(async ({ client }) => {
    for (let more = true; left > 0 && (more || options.follow === true); ) {
      const wait = options.follow === true ? WAIT_SECONDS : undefined;
      const query = { since, limit: Math.min(PAGE, left), latest: options.latest, wait };
      const answer = await client.json('GET', apiPath('records', dataset, 'changes'), { query, signal });
      const items = itemsOf(memberOf(answer, 'changes'));
      for (const item of items) output.line(writeJson(item));
      left -= items.length;
      since = textOf(memberOf(answer, 'next'));
      more = memberOf(answer, 'has_more') === true;
    }
  });
}

function itemsOf(json: Json): readonly Json[] {
  return json instanceof JsonArray ? json.items : [];
}
