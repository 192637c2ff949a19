import type { Command } from 'commander';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonObject, writeJson } from '#domain/record/json.ts';
import { apiPath } from '../client.ts';
import type { AddCommand } from '../context.ts';
import { table } from '../output.ts';
import { textOf } from './query.ts';

/** `forge get DATASET ID`, or `forge get DATASET field_code=1 well_code=2` by the natural key. */
export const getCommand: AddCommand = (program, begin) => {
  program
    .command('get')
    .description('show one record, by its id or by its natural key')
    .argument('<dataset>')
    .argument('<id...>', 'the id, or property=value for each member of the key')
    .action(async (dataset: string, words: string[], _options, command: Command) => {
      const { output, withTarget, signal } = begin(command);
      const { path, query } = addressOf(dataset, words);
      const record = await withTarget(({ client }) => client.json('GET', path, { query, signal }));
      output.answer(record, () => recordText(record));
    });
};

function addressOf(dataset: string, words: readonly string[]) {
  const [first = ''] = words;
  if (words.length === 1 && !first.includes('=')) return { path: apiPath('records', dataset, first), query: {} };
  const query: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1)
      throw new DataForgeError('invalid_parameter', `Write property=value for each member of the key, not "${word}".`);
    query[word.slice(0, at)] = word.slice(at + 1);
  }
  return { path: apiPath('records', dataset, 'by-key'), query };
}

function recordText(record: Json): string {
  if (!(record instanceof JsonObject)) return writeJson(record);
  const rows = record.members.flatMap(({ name, value }) => {
    if (name !== 'data' || !(value instanceof JsonObject)) return [[`(${name})`, textOf(value)]];
    return value.members.map((member) => [member.name, textOf(member.value)]);
  });
  return table(['property', 'value'], rows);
}
