import type { Command } from 'commander';
import { type Json, JsonArray, JsonObject, jsonFrom, writeJson } from '#domain/record/json.ts';
import { apiPath } from '../client.ts';
import type { AddCommand, CliContext } from '../context.ts';
import { readCount, readFilter, readSort } from '../filters.ts';
import { table } from '../output.ts';
import { formatCount } from '../progress.ts';

interface QueryOptions {
  readonly filter?: readonly Json[];
  readonly sort?: readonly Json[];
  readonly fields?: string;
  readonly page?: number;
  readonly size?: number;
  readonly cursor?: string;
}

/** `forge query DATASET`: a page of records. */
export const queryCommand: AddCommand = (program, begin) => {
  program
    .command('query')
    .description('show a page of records')
    .argument('<dataset>')
    .option('-f, --filter <condition>', "like 'amount gt 100', or the API's JSON; several must all hold", readFilter)
    .option('-s, --sort <fields>', 'like amount:desc,name', readSort)
    .option('--fields <names>', 'only these properties, with commas')
    .option('-p, --page <number>', 'which page, from 1', readCount)
    .option('-n, --size <number>', 'records on a page', readCount)
    .option('--cursor <cursor>', 'go on behind the page that gave this next_cursor')
    .action(async (dataset: string, options: QueryOptions, command: Command) =>
      query(begin(command), dataset, options),
    );
};

async function query(
  { output, withTarget, signal }: CliContext,
  dataset: string,
  options: QueryOptions,
): Promise<void> {
  const { filter, sort, fields, page, size, cursor } = options;
  const members: [string, Json | undefined][] = [
    ['filters', filter && new JsonArray(filter)],
    ['sort', sort && new JsonArray(sort)],
    ['fields', fields === undefined ? undefined : jsonFrom(fields.split(',').map((name) => name.trim()))],
    ['page', page === undefined ? undefined : jsonFrom(page)],
    ['size', size === undefined ? undefined : jsonFrom(size)],
    ['cursor', cursor],
  ];
  const body = new JsonObject(members.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])));
  const answer = await withTarget(({ client }) => {
    return client.json('POST', apiPath('records', dataset, 'query'), { body: writeJson(body), signal });
  });
  output.answer(answer, () => pageText(answer));
}

function pageText(answer: Json): string {
  const data = memberOf(answer, 'data');
  const items = memberOf(data, 'items');
  const records = items instanceof JsonArray ? items.items : [];
  const total = Number(textOf(memberOf(data, 'total')));
  const rest = `${formatCount(records.length)} of ${formatCount(total)} ${total === 1 ? 'record' : 'records'}`;
  const cursor = textOf(memberOf(data, 'next_cursor'));
  const more = cursor === '' ? '' : `; the next page: --cursor ${cursor}`;
  return records.length === 0 ? rest : `${recordsText(records)}\n\n${rest}${more}`;
}

/** Records as a table: their id, then their data. */
function recordsText(records: readonly Json[]): string {
  const rows = records.map((record) => {
    const data = memberOf(record, 'data');
    return { id: textOf(memberOf(record, 'id')), members: data instanceof JsonObject ? data.members : [] };
  });
  const names = rows[0]?.members.map(({ name }) => name) ?? [];
  return table(
    ['id', ...names],
    rows.map(({ id, members }) => [id, ...members.map(({ value }) => textOf(value))]),
  );
}

/** A member of an answer; null where it is not there. */
export function memberOf(json: Json, name: string): Json {
  return json instanceof JsonObject ? (json.get(name) ?? null) : null;
}

/** A value for a cell. */
export function textOf(json: Json): string {
  if (json === null) return '';
  const text = typeof json === 'string' ? json : writeJson(json);
  return text.replace(/\s+/g, ' ');
}
