import { type Json, JsonArray, JsonObject, jsonFrom, writeJson } from '#domain/record/json.ts';
import type { ApiClient } from './client.ts';
import { memberOf, textOf } from './commands/query.ts';
import { fitTable } from './fit-table.ts';
import { formatCount } from './progress.ts';

/** A query as the command line asks it. */
export interface SqlQuery {
  readonly sql: string;
  readonly params: Json;
  readonly limit: number | undefined;
  /** Milliseconds. */
  readonly timeout: number | undefined;
}

export function sqlBody({ sql, params, limit, timeout }: SqlQuery): string {
  const members: [string, Json | undefined][] = [
    ['sql', sql],
    ['params', params],
    ['limit', limit === undefined ? undefined : jsonFrom(limit)],
    ['timeout_ms', timeout === undefined ? undefined : jsonFrom(timeout)],
  ];
  return writeJson(new JsonObject(members.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))));
}

export function askSql(client: ApiClient, query: SqlQuery, signal: AbortSignal): Promise<Json> {
  return client.json('POST', '/query', { body: sqlBody(query), signal });
}

/** The rows of an answer as a table that fits, and what there is to say of them. */
export function sqlText(answer: Json, width: number): string {
  const columns = itemsOf(memberOf(answer, 'columns')).map((column) => textOf(memberOf(column, 'name')));
  const rows = itemsOf(memberOf(answer, 'rows')).map((row) => itemsOf(row).map(textOf));
  const plan = planOf(answer, columns);
  if (plan !== null) return plan;
  const count = `${formatCount(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`;
  const more = memberOf(answer, 'truncated') === true ? ', and there are more: --limit takes them' : '';
  const time = `${Math.round(Number(textOf(memberOf(answer, 'execution_time_ms'))))} ms`;
  return `${fitTable(columns, rows, width)}\n\n${count} in ${time}${more}`;
}

/** Columns of what engines answer to EXPLAIN; the last one has the plan. */
const PLAN_COLUMNS = ['explain_key,explain_value', 'QUERY PLAN'];

/** A plan is a drawing, which a table would spoil. */
function planOf(answer: Json, columns: readonly string[]): string | null {
  if (!PLAN_COLUMNS.includes(columns.join())) return null;
  return itemsOf(memberOf(answer, 'rows'))
    .map((row) => String(itemsOf(row).at(-1) ?? ''))
    .join('\n');
}

function itemsOf(json: Json): readonly Json[] {
  return json instanceof JsonArray ? json.items : [];
}
