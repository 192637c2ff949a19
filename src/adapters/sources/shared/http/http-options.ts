import { count, duration, named, optional, text, withDefault, word } from '#domain/file/option.ts';
import { object, oneOfKinds, type ValuesOf } from '#domain/file/option-group.ts';
import { secret, textOrSecret } from '#domain/pipeline/secret.ts';

const address = (description: string) => text(description, { pattern: /^https?:\/\/\S+$/, shape: 'an http address' });

/** The names that lead to a member of an answer: `data.items`. */
export const memberPath = (description: string) =>
  text(description, { pattern: /^[^.]+(\.[^.]+)*$/, shape: 'names with points between' });

const AUTH = oneOfKinds('How the source knows who asks.', 'kind', {
  api_key: {
    key: secret('The key.'),
    header: optional(text('The header that takes the key; X-Api-Key where no param is named either.')),
    param: optional(text('The parameter of the address that takes the key.')),
  },
  basic: { user: textOrSecret('The user.'), password: secret('The password.') },
  bearer: { token: secret('The token.') },
  oauth2: {
    token_url: address('Where a token is to be had for client credentials.'),
    client_id: textOrSecret('The client.'),
    client_secret: secret('Its secret.'),
    scope: optional(text('What the token is to be good for.')),
    send: withDefault(word('How the client proves itself: by a header or in the body.', ['basic', 'body']), 'basic'),
  },
});

/** What every source that speaks HTTP may be told. */
export const HTTP_OPTIONS = {
  url: address('The address.'),
  params: named('Parameters of the address.', textOrSecret('The value of one.')),
  headers: named('Headers of every request.', textOrSecret('The value of one.')),
  auth: optional(AUTH),
  rate: optional(
    object('At most so many requests in a span of time.', {
      requests: count('How many.', 1, 1_000_000),
      per: withDefault(duration('The span.', 1), 1000, '1s'),
    }),
  ),
};

export type HttpOptions = ValuesOf<typeof HTTP_OPTIONS>;
export type Auth = NonNullable<HttpOptions['auth']>;
