import { ERROR_TITLES } from '#domain/errors.ts';
import { CLIENT_MESSAGES, type ClientMessageType } from './messages.ts';

type Schema = Readonly<Record<string, unknown>>;

const text = (description: string): Schema => ({ type: 'string', description });
const count = (description: string): Schema => ({ type: 'integer', minimum: 0, description });
const items = (description: string, of: Schema = {}): Schema => ({ type: 'array', items: of, description });

const ID: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 64,
  description: 'Chosen by the client for what it asks for; free again when that has ended.',
};
const SCHEMA_NAME = text('The dataset.');
const FILTERS = items('Conditions that all hold, as in the REST API.');

/** The members of what a client sends, by name; which of them a message has stands in `CLIENT_MESSAGES`. */
const MEMBERS: Readonly<Record<string, Schema>> = {
  id: ID,
  token: text('The secret of a token.'),
  schema_name: SCHEMA_NAME,
  filters: FILTERS,
  sort: items('Fields with their order, as in the REST API.'),
  fields: { type: ['string', 'array'], description: 'Properties to show; all where it is left out.' },
  since: count('Changes behind this number; those from now on where it is left out.'),
  limit: count('At most so many rows.'),
  sql: text('One SELECT over the datasets.'),
  params: { type: ['array', 'object'], description: 'Values of the placeholders, by position or by name.' },
  timeout_ms: count('How long the query may take.'),
  data: { type: ['object', 'array'], description: 'A row, or rows that are stored all or none.' },
  on_conflict: { enum: ['error', 'ignore', 'update'], description: 'What becomes of a row whose key exists.' },
  idempotency_key: text('A repeat with the same key stores nothing and is answered like the first.'),
};

const REQUIRED: Readonly<Record<ClientMessageType, readonly string[]>> = {
  authenticate: ['token'],
  subscribe: ['id', 'schema_name'],
  live: ['id', 'schema_name'],
  query: ['id'],
  insert: ['id', 'schema_name', 'data'],
  cancel: ['id'],
  ping: [],
};

const CLIENT_SUMMARIES: Readonly<Record<ClientMessageType, string>> = {
  authenticate: 'Says who the client is, where the request that opened the connection had no token.',
  subscribe: 'Asks for the changes of a dataset, from now on or behind a number.',
  live: 'Asks for the rows of a filter, and then for what enters, changes in and leaves it.',
  query: 'Asks for the rows of a filter or of a query in SQL.',
  insert: 'Stores rows.',
  cancel: 'Ends what is under way; a query is stopped in the engine.',
  ping: 'Asks whether the server is there; for clients that cannot send the ping of WebSocket.',
};

/** What each message of a client is for, and its members. */
export const CLIENT_MESSAGE_HELP = Object.fromEntries(
  Object.entries(CLIENT_MESSAGES).map(([type, members]) => {
    const known = type as ClientMessageType;
    const described = members.map((name) => {
      const description = String(MEMBERS[name]?.description ?? '');
      return { name, description, isRequired: REQUIRED[known].includes(name) };
    });
    return [type, { summary: CLIENT_SUMMARIES[known], members: described }];
  }),
);

/** What the server says, with the members of each message besides `type`. */
export const SERVER_MESSAGES = {
  hello: {
    summary: 'The first message of a connection.',
    members: {
      version: text('The version of the server.'),
      caller: { type: ['string', 'null'], description: 'Who the client is; null where it has to authenticate.' },
    },
  },
  authenticated: {
    summary: 'Answers authenticate.',
    members: {
      caller: text('Who the client is.'),
      right: { enum: ['read', 'write', 'admin'], description: 'What it may do: read, write or admin.' },
    },
  },
  subscribed: {
    summary: 'Answers subscribe, before the first changes.',
    members: { id: ID, schema_name: SCHEMA_NAME, since: count('The number that it begins behind.') },
  },
  changes: {
    summary: 'Changes in their order; empty from time to time, to tell how far the feed has come.',
    members: {
      id: ID,
      next: count('All changes up to this number were told or do not meet the filter; subscribe behind it to go on.'),
      changes: items('As in the changes feed of the REST API, each with its event.', {
        type: 'object',
        required: ['event', 'seq', 'op', 'id', 'version', 'changed_at', 'data'],
        properties: { event: { enum: ['enter', 'change', 'leave'] }, seq: count('The number of the change.') },
      }),
    },
  },
  rows: {
    summary: 'Rows of a query, or of a live query before its changes.',
    members: {
      id: ID,
      rows: items('Records as in the REST API, or rows of SQL.', { type: 'object' }),
      more: { type: 'boolean', description: 'In a live query: whether more rows follow before the changes.' },
    },
    optional: ['more'],
  },
  inserted: {
    summary: 'Answers insert, when the rows are on disk.',
    members: {
      id: ID,
      records_created: count('Rows that made a record.'),
      records_updated: count('Rows that replaced one.'),
      records_ignored: count('Rows that changed nothing.'),
      records: items('For each row the record that now stands.', { type: 'object' }),
    },
  },
  done: {
    summary: 'The end of a query, of what was cancelled, or of a feed when the server stops.',
    members: {
      id: ID,
      row_count: count('Rows of the query.'),
      cancelled: { const: true, description: 'There where the client broke it off.' },
    },
    optional: ['row_count', 'cancelled'],
  },
  pong: { summary: 'Answers ping.', members: {} },
  error: {
    summary: 'Something could not be done; what has the id has ended, the connection stays.',
    members: {
      id: { ...ID, type: ['string', 'null'], description: 'Of what was asked; null where it had none.' },
      error: {
        type: 'object',
        description: '`code`, `title`, `detail`, `help` and, where several values are wrong, `errors`.',
        required: ['code', 'title', 'detail'],
        properties: {
          code: { enum: Object.keys(ERROR_TITLES) },
          title: text('What kind of error it is.'),
          detail: text('What is wrong and how to mend it.'),
          help: text('A page that explains the code.'),
          errors: items('Each value that is wrong, with a pointer into the message.', { type: 'object' }),
        },
      },
    },
  },
} as const satisfies Readonly<
  Record<string, { summary: string; members: Readonly<Record<string, Schema>>; optional?: readonly string[] }>
>;

/** The protocol as AsyncAPI 3 (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
export function asyncApi(version: string): Schema {
  const client = Object.entries(CLIENT_MESSAGES).map(([type, members]) => {
    const known = type as ClientMessageType;
    const properties = Object.fromEntries(members.map((name) => [name, MEMBERS[name] ?? {}]));
    return [type, message(type, CLIENT_SUMMARIES[known], properties, REQUIRED[known])] as const;
  });
  const server = Object.entries(SERVER_MESSAGES).map(([type, said]) => {
    const optional: readonly string[] = 'optional' in said ? said.optional : [];
    const required = Object.keys(said.members).filter((name) => !optional.includes(name));
    return [type, message(type, said.summary, said.members, required)] as const;
  });
  const refer = (all: readonly (readonly [string, Schema])[]) =>
    all.map(([type]) => ({ $ref: `#/channels/ws/messages/${type}` }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Data Forge over WebSocket',
      version,
      description: 'Messages are JSON text. Values are exact: integers keep all 64 bits, decimals their scale.',
    },
    defaultContentType: 'application/json',
    channels: {
      ws: {
        address: '/ws',
        messages: Object.fromEntries(
          [...client, ...server].map(([type]) => [type, { $ref: `#/components/messages/${type}` }]),
        ),
      },
    },
    operations: {
      ask: { action: 'receive', channel: { $ref: '#/channels/ws' }, messages: refer(client) },
      tell: { action: 'send', channel: { $ref: '#/channels/ws' }, messages: refer(server) },
    },
    components: { messages: Object.fromEntries([...client, ...server]) },
  };
}

function message(
  type: string,
  summary: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
): Schema {
  return {
    name: type,
    summary,
    payload: {
      type: 'object',
      required: ['type', ...required],
      properties: { type: { const: type }, ...properties },
      additionalProperties: false,
    },
  };
}
