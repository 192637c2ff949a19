import { duration, faultAt, list, named, type Option, optional, text, withDefault, word } from '../file/option.ts';
import { type OneOfKinds, object, oneOfKinds, type ValuesOf } from '../file/option-group.ts';
import type { Pipeline, RowPipeline, SourceKind } from './pipeline.ts';
import { secret } from './secret.ts';

const SECRET = list(
  'What sender and pipeline both know. While it is changed, name the old and the new one: either is taken.',
  secret('A secret by its name.'),
);
const HEADER = { pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, shape: 'the name of a header' };

const TOLERANCE = withDefault(
  duration(
    'How far the time of a signature may lie from that of the server; so an old request cannot be sent again.',
    1000,
  ),
  300_000,
  '5m',
);

const SCHEMES = {
  hmac: {
    secret: SECRET,
    header: text('The header with the signature: X-Hub-Signature-256.', HEADER),
    prefix: withDefault(text('What stands before the signature: sha256=.'), ''),
    encoding: withDefault(word('How the signature is written.', ['hex', 'base64']), 'hex'),
  },
  timestamped: {
    secret: SECRET,
    header: text('The header with time and signature, as t=1700000000,v1=…: Stripe-Signature.', HEADER),
    tolerance: TOLERANCE,
  },
  standard: { secret: SECRET, tolerance: TOLERANCE },
  bearer: { secret: SECRET },
};

/** How a request proves that it comes from its sender. Spans in milliseconds. */
export type SignatureScheme = OneOfKinds<'kind', typeof SCHEMES>;

const EVENT_ID = object('What tells an event that is delivered once more: one of header, field.', {
  header: optional(text('The header with the id: X-GitHub-Delivery.', HEADER)),
  field: optional(text('The member of each event with its id, or the way to it: data.id.')),
});

/** Where the id of an event stands. */
type EventId = { readonly kind: 'header' | 'field'; readonly name: string };

const EVENT_ID_OPTION: Option<EventId> = {
  absent: null,
  schema: {
    ...EVENT_ID.schema,
    oneOf: ['header', 'field'].map((name) => ({
      required: [name],
      properties: { [name]: { not: { type: 'null' } } },
    })),
  },
  read(json, place) {
    const read = EVENT_ID.read(json, place);
    if (read === undefined) return undefined;
    const { header, field } = read;
    if (header !== null && field === null) return { kind: 'header', name: header };
    if (field !== null && header === null) return { kind: 'field', name: field };
    return faultAt(place, 'needs exactly one of header, field');
  },
};

const OPTIONS = {
  signature: optional(
    oneOfKinds(
      'How a request proves that it comes from its sender; without it a token of the server is asked for.',
      'kind',
      SCHEMES,
    ),
  ),
  event_id: optional(EVENT_ID_OPTION),
  keep_ids: withDefault(
    duration('How long an event that is delivered once more is known again.', 60_000),
    604_800_000,
    '7d',
  ),
  headers: named(
    'Members that each event gets, by the header that has the value: {kind: X-GitHub-Event}.',
    text('A header.', HEADER),
  ),
};

export type PushOptions = ValuesOf<typeof OPTIONS>;

/** Events that are sent to the server, which is nothing to be opened and read. */
export const PUSH: SourceKind = {
  kind: 'push',
  description: 'Events that others send to the server: webhooks',
  options: OPTIONS,
};

/** How a pipeline takes events; null for one that fetches its rows. */
export function pushOptions({ source }: RowPipeline): PushOptions | null {
  return source.kind === PUSH.kind ? (source.options as PushOptions) : null;
}

/** Whether a pipeline waits for events that others send. */
export function takesEvents(pipeline: Pipeline): boolean {
  return pipeline.kind === 'rows' && pushOptions(pipeline) !== null;
}
