import { count, duration, list, type Option, text, withDefault, word } from '../file/option.ts';
import { object, type ValuesOf } from '../file/option-group.ts';

/** How a pipeline goes on when its source fails in a way that may pass. Spans in milliseconds. */
export type RetryOptions = ValuesOf<typeof RETRY>;

const RETRY = {
  attempts: withDefault(
    count('How often a step is tried before the run fails; whatever gets on begins the count anew.', 1, 1000),
    5,
  ),
  wait: withDefault(
    duration('How long to wait before the second attempt; each further one waits twice as long.'),
    1000,
    '1s',
  ),
  most: withDefault(duration('The longest wait. A source that names a later time is heeded.'), 300_000, '5m'),
};

const DEFAULT_RETRY: RetryOptions = { attempts: 5, wait: 1000, most: 300_000 };

export const RETRY_OPTION: Option<RetryOptions> = withDefault(
  object('What is done when the source fails in a way that may pass: 429, 5xx, a broken connection.', RETRY),
  DEFAULT_RETRY,
  { attempts: 5, wait: '1s', most: '5m' },
);

export type AlertEvent = (typeof ALERT_EVENTS)[number];
/** `recovered`: the first run that succeeds after one that failed. */
const ALERT_EVENTS = ['failed', 'recovered', 'quarantined'] as const;

/** Whom to tell, and of what. */
export type AlertOptions = ValuesOf<typeof ALERT>;

const ALERT = {
  webhook: text('Address that is sent a JSON object by POST.', {
    pattern: /^https?:\/\/\S+$/,
    shape: 'an http address',
  }),
  on: withDefault(list('What to tell of.', word('An event.', ALERT_EVENTS)), ['failed', 'recovered']),
};

export const ALERTS_OPTION: Option<readonly AlertOptions[]> = withDefault(
  list('Who is told how runs end.', object('One listener.', ALERT)),
  [],
);
