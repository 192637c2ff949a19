import { duration, flag, list, named, optional, text, withDefault, word } from '#domain/file/option.ts';
import { object, oneOfKinds, type ValuesOf } from '#domain/file/option-group.ts';
import { secret, textOrSecret } from '#domain/pipeline/secret.ts';

const AUTH = oneOfKinds('How the server knows who asks.', 'kind', {
  bearer: { token: secret('The token.') },
  basic: { user: textOrSecret('The user.'), password: secret('The password; the handshake makes a token of them.') },
});

export const FLIGHT_OPTIONS = {
  url: text('The server: grpc://HOST:PORT, or grpc+tls://HOST:PORT.', {
    pattern: /^grpc(\+tcp|\+tls)?:\/\/[^\s/]+$/,
    shape: 'an address like grpc://HOST:PORT or grpc+tls://HOST:PORT',
  }),
  query: optional(text('A SELECT, by Flight SQL.')),
  path: optional(list('The path of a flight: for Data Forge the name of a dataset.', text('A part of it.'))),
  command: optional(text('The command of a flight, in the words of its server.')),
  ticket: optional(text('A ticket, where no flight has to be asked for.')),
  auth: optional(AUTH),
  headers: named('Headers of every call.', textOrSecret('The value of one.')),
  ca: optional(text('A PEM file with the authority that signed the certificate of the server.')),
  trust_locations: flag('Whether headers and credentials go along to other hosts that the server sends to.'),
  incremental: optional(
    object(
      'Only rows that are new by a column in whose order they come; rows without a value are left out. Where the text of the source has {since}, the highest value read so far stands there; a query without it is asked within one that selects and sorts.',
      {
        column: text('The name of the column.'),
        start: optional(text('The value of the first run.')),
        by: withDefault(
          word('How a query takes the value: in its text, or as a parameter of a prepared statement.', [
            'text',
            'parameter',
          ]),
          'text',
        ),
      },
    ),
  ),
  timeout: withDefault(duration('How long the server may take over one flight.', 1000), 3_600_000, '1h'),
};

export type FlightOptions = ValuesOf<typeof FLIGHT_OPTIONS>;
