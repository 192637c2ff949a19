import type { Command } from 'commander';
import type { Json } from '#domain/record/json.ts';
import { apiPath } from '../client.ts';
import type { AddCommand } from '../context.ts';
import { parameterOf, readFilter } from '../filters.ts';
import { memberOf, textOf } from './query.ts';

/** `forge count DATASET`: how many records match. */
export const countCommand: AddCommand = (program, begin) => {
  program
    .command('count')
    .description('count records')
    .argument('<dataset>')
    .option('-f, --filter <condition>', "like 'amount gt 100', or the API's JSON; several must all hold", readFilter)
    .action(async (dataset: string, { filter }: { filter?: readonly Json[] }, command: Command) => {
      const { output, withTarget, signal } = begin(command);
      const query = { filters: parameterOf(filter) };
      const answer = await withTarget(({ client }) => {
        return client.json('GET', apiPath('records', dataset, 'count'), { query, signal });
      });
      output.answer(answer, () => textOf(memberOf(answer, 'count')));
    });
};
