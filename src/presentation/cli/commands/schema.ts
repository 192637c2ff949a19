import type { Command } from 'commander';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonArray } from '#domain/record/json.ts';
import { adminApi } from '../admin-api.ts';
import type { AddCommand } from '../context.ts';
import { memberOf, textOf } from './query.ts';

/** `forge schema plan|apply NAME`: from what is stored to what the dataset file says. */
export const schemaCommand: AddCommand = (program, begin) => {
  const schema = program
    .command('schema')
    .description('compare a dataset file with the store, and make the store fit it');
  schema
    .command('plan')
    .description('show what it would take; changes nothing')
    .argument('<name>', 'dataset')
    .action(async (name: string, _options, command: Command) => {
      const { output, withTarget } = begin(command);
      const plan = await withTarget(({ client }) => adminApi.plan(client, name), { changesNothing: true });
      output.answer(plan, () => planText(name, plan));
    });
  schema
    .command('apply')
    .description('make the store fit the file; a backup comes first')
    .argument('<name>', 'dataset')
    .option('--accept-loss', 'also where values go or change')
    .action(async (name: string, { acceptLoss = false }: { acceptLoss?: boolean }, command: Command) => {
      const { output, withTarget } = begin(command);
      const result = await withTarget(({ client }) => adminApi.apply(client, name, acceptLoss)).catch(nameFlag);
      output.answer(result, () => {
        const backup = textOf(memberOf(result, 'backup'));
        return `${planText(name, result, 'done')}${backup === '' ? '' : `\nThe store as it was: ${backup}`}`;
      });
    });
};

/** Says how the loss that was refused is accepted on a command line. */
function nameFlag(error: unknown): never {
  if (!(error instanceof DataForgeError) || error.code !== 'incompatible_schema') throw error;
  const { code, message, faults, details } = error;
  throw new DataForgeError(code, `${message} On the command line: --accept-loss.`, { faults, details, cause: error });
}

/** The steps of a plan, each with its safety, or with `done` where they were carried out. */
function planText(name: string, plan: Json, done?: 'done'): string {
  const steps = memberOf(plan, 'steps');
  const items = steps instanceof JsonArray ? steps.items : [];
  if (items.length === 0) return `${name}: the store fits the file`;
  const lines = items.map((step) => {
    const loses = memberOf(step, 'loses') === true ? ', loses values' : '';
    return `  ${done ?? textOf(memberOf(step, 'safety'))}${loses}: ${textOf(memberOf(step, 'reason'))}`;
  });
  return [`${name}:`, ...lines].join('\n');
}
