import { duration, list, optional, text, withDefault, word } from '#domain/file/option.ts';
import { object, type ValuesOf } from '#domain/file/option-group.ts';
import { HTTP_OPTIONS } from '../shared/http/http-options.ts';

const path = (description: string) =>
  text(description, { pattern: /^[^.]+(\.[^.]+)*$/, shape: 'names with points between them, like data.rows' });

const { params, headers, auth } = HTTP_OPTIONS;

export const WEBSOCKET_OPTIONS = {
  url: text('The address; {since} in it stands for the last key.', {
    pattern: /^wss?:\/\/\S+$/,
    shape: 'a ws address',
  }),
  params,
  headers,
  auth,
  protocols: withDefault(list('Subprotocols to offer.', text('The name of one.')), []),
  send: withDefault(
    list(
      'What is sent once the connection stands; {since} in it stands for the last key as JSON, null before there is one.',
      text('A message.'),
    ),
    [],
  ),
  records: optional(
    path(
      'Where a message has its row or its list of rows, others being passed over; without it each message is a row.',
    ),
  ),
  row: optional(path('Where each of these has what is stored.')),
  only: optional(
    object('Which messages have rows.', {
      path: path('A member of the message.'),
      is: text('The text or number that it has in those.'),
    }),
  ),
  error: optional(
    object('Which messages tell that something is wrong; the run goes on as after a cut.', {
      path: path('A member of the message.'),
      is: text('The text or number that it has in those.'),
    }),
  ),
  resume: optional(
    object('How a cut is mended: by the key of what was read last.', {
      key: path('Where a message has its key; where of says so, a row.'),
      of: withDefault(word('What has a key.', ['message', 'row']), 'message'),
      order: withDefault(
        word(
          'ascending: what has no higher key than the last is a repetition. any: what has one of the last 1000 keys.',
          ['ascending', 'any'],
        ),
        'ascending',
      ),
      start: optional(text('The key behind which the first run begins.')),
    }),
  ),
  for: withDefault(duration('How long a run listens; it then ends, and has succeeded.', 1000), 3_600_000, '1h'),
  silence: optional(
    object('What is made of a server that sends nothing.', {
      after: duration('For how long.', 100),
      means: withDefault(
        word('The run ends and has succeeded, or it connects anew.', ['end', 'reconnect']),
        'reconnect',
      ),
    }),
  ),
};

export type WebSocketOptions = ValuesOf<typeof WEBSOCKET_OPTIONS>;
