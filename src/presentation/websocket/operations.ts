import type { Call } from '#application/call.ts';
import type { FollowedPage } from '#application/records/follow-pages.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { JsonObject } from '#domain/record/json.ts';
import { invalid, textMember } from '../json-body.ts';
import { readSqlRequest, SQL_MEMBERS } from '../sql-request.ts';
import { insertRows } from './insert-rows.ts';
import { type ClientMessage, countMember } from './messages.ts';
import { rowMessages } from './row-messages.ts';

/** Sends a message and resolves when the connection has taken it, so that who sends more waits for who reads. */
type Send = (message: string | Uint8Array) => Promise<void>;

/** What one message has the server do; it says what it finds by `send`, and has ended when its promise has. */
export type Operation = (message: ClientMessage, call: Call, send: Send) => Promise<void>;

/** Milliseconds of silence after which a follower is told how far it has come. */
const HEARTBEAT = 30_000;
const ROWS_A_MESSAGE = 500;

/** The operations that have an id, by the type of their message. */
export function createOperations(
  useCases: UseCases,
): Readonly<Record<'subscribe' | 'live' | 'query' | 'insert', Operation>> {
  return {
    async subscribe({ json }, call, send) {
      const request = {
        schema: textMember(json, 'schema_name'),
        since: countMember(json, 'since'),
        filters: json.get('filters') ?? null,
        heartbeat: HEARTBEAT,
      };
      const id = idOf(json);
      const { schema, since, pages } = await useCases.followChanges(request, call);
      await send(`{"type":"subscribed","id":${id},"schema_name":${JSON.stringify(schema)},"since":${since}}`);
      await tellChanges(id, pages, send);
    },

    async live({ json }, call, send) {
      const request = {
        schema: textMember(json, 'schema_name'),
        filters: json.get('filters') ?? null,
        sort: json.get('sort') ?? null,
        heartbeat: HEARTBEAT,
      };
      const id = idOf(json);
      const { records, pages } = await useCases.watchRecords(request, call);
      let from = 0;
      do {
        const rows = records.slice(from, from + ROWS_A_MESSAGE).map((record) => record.json);
        from += ROWS_A_MESSAGE;
        await send(`{"type":"rows","id":${id},"more":${from < records.length},"rows":[${rows.join(',')}]}`);
      } while (from < records.length);
      await tellChanges(id, pages, send);
    },

    async query({ json }, call, send) {
      const bytes = await openRows(useCases, json, call);
      const id = idOf(json);
      let count = 0;
      for await (const { message, rows } of rowMessages(id, bytes)) {
        count += rows;
        await send(message);
      }
      await send(`{"type":"done","id":${id},"row_count":${count}}`);
    },

    async insert({ json }, call, send) {
      const answer = await insertRows(useCases, json, call);
      await send(`{"type":"inserted","id":${idOf(json)},${answer}}`);
    },
  };
}

/** The id as JSON. */
function idOf(json: JsonObject): string {
  return JSON.stringify(textMember(json, 'id'));
}

async function tellChanges(id: string, pages: AsyncIterable<FollowedPage>, send: Send): Promise<void> {
  for await (const { changes, next } of pages) {
    const told = changes.map(({ event, json }) => `{"event":"${event}",${json.slice(1)}`).join(',');
    await send(`{"type":"changes","id":${id},"next":${next},"changes":[${told}]}`);
  }
  await send(`{"type":"done","id":${id}}`);
}

const RECORD_MEMBERS = ['schema_name', 'filters', 'sort', 'fields'];

async function openRows(useCases: UseCases, json: JsonObject, call: Call): Promise<AsyncIterable<Uint8Array>> {
  const isSql = json.get('sql') !== undefined;
  const others = isSql ? RECORD_MEMBERS : SQL_MEMBERS.filter((name) => name !== 'limit');
  const extra = others.find((name) => json.get(name) !== undefined);
  if (extra !== undefined) {
    const message = 'A query is either of one dataset, by schema_name, filters, sort and fields, or in SQL.';
    throw invalid(`/${extra}`, message);
  }
  if (isSql) return (await useCases.streamSql({ ...readSqlRequest(json), format: 'ndjson' }, call)).bytes;
  const request = {
    schema: textMember(json, 'schema_name'),
    filters: json.get('filters') ?? null,
    sort: json.get('sort') ?? null,
    fields: json.get('fields') ?? null,
    limit: countMember(json, 'limit'),
    format: 'ndjson',
  } as const;
  return (await useCases.streamRecords(request, call)).bytes;
}
