import { nameFault } from '../dataset/names.ts';
import { duration, faultAt, flag, type Option, optional, text, withDefault, word } from '../file/option.ts';
import { object, type ValuesOf } from '../file/option-group.ts';

/** What starts a run. */
export type Trigger =
  | { readonly kind: 'cron'; readonly cron: string; readonly zone: string }
  | { readonly kind: 'every'; readonly every: number }
  /** Each time that pipeline has had a run that succeeded. */
  | { readonly kind: 'after'; readonly pipeline: string }
  /** Each time that dataset has changed. */
  | { readonly kind: 'change'; readonly dataset: string }
  /** Each time that files of the source have come or changed and have not been written to for `settle` milliseconds. */
  | { readonly kind: 'files'; readonly settle: number };

/** When a pipeline runs by itself. */
export interface Schedule {
  readonly trigger: Trigger;
  /** What becomes of times that passed while nobody ran: none of them, one run for all, a run for each. */
  readonly catchUp: (typeof CATCH_UP)[number];
  /** At most so many milliseconds, by chance, are waited before a run. */
  readonly jitter: number;
  /** It waits until somebody resumes it. */
  readonly paused: boolean;
}

const CATCH_UP = ['one', 'none', 'each'] as const;

/** Five or six fields; what they mean is for the scheduler to judge. */
const CRON = /^(?:\S+\s+){4,5}\S+$|^@(?:yearly|annually|monthly|weekly|daily|hourly)$/;

const SCHEDULE = {
  cron: optional(
    text('When to run, as cron writes it: 0 6 * * 1-5.', { pattern: CRON, shape: 'five fields like 0 6 * * 1-5' }),
  ),
  zone: withDefault(text('The time zone of cron: Europe/Oslo.'), 'UTC'),
  every: optional(duration('Run again after so long.', 1000)),
  after: optional(text('Run after each successful run of this pipeline.')),
  on_change: optional(text('Run after changes of this dataset.')),
  on_files: optional(
    duration('Run when files of the source have come or changed, and nobody has written to them for so long: 2s.', 500),
  ),
  catch_up: withDefault(
    word(
      'What becomes of times that passed while nobody ran: none of them, one run for all, a run for each.',
      CATCH_UP,
    ),
    'one',
  ),
  jitter: withDefault(duration('At most so long is waited, by chance, before a run.'), 0, '0s'),
  paused: flag('Whether it waits until somebody resumes it.'),
};

const schedule = object('When the pipeline runs by itself: one of cron, every, after, on_change, on_files.', SCHEDULE);

export const SCHEDULE_OPTION: Option<Schedule> = {
  schema: {
    ...schedule.schema,
    oneOf: ['cron', 'every', 'after', 'on_change', 'on_files'].map((name) => ({
      required: [name],
      properties: { [name]: { not: { type: 'null' } } },
    })),
  },
  absent: null,
  read(json, place) {
    const read = schedule.read(json, place);
    if (read === undefined) return undefined;
    const triggers = triggersOf(read);
    const [trigger, other] = triggers;
    if (trigger === undefined || other !== undefined) {
      const found = triggers.length === 0 ? 'none' : triggers.map(({ kind }) => kind).join(' and ');
      return faultAt(place, `needs exactly one of cron, every, after, on_change, on_files, and has ${found}`);
    }
    const fault = trigger.kind === 'change' ? nameFault(trigger.dataset) : null;
    if (fault !== null) return faultAt(place, `has the dataset "${read.onChange}" as on_change, and a name ${fault}`);
    if (trigger.kind === 'cron' && !isTimeZone(trigger.zone)) {
      return faultAt(place, `has the zone "${trigger.zone}", which is no time zone; write one like Europe/Oslo`);
    }
    return { trigger, catchUp: read.catchUp, jitter: read.jitter, paused: read.paused };
  },
};

function triggersOf({ cron, zone, every, after, onChange, onFiles }: ValuesOf<typeof SCHEDULE>): Trigger[] {
  const triggers: Trigger[] = [];
  if (cron !== null) triggers.push({ kind: 'cron', cron, zone });
  if (every !== null) triggers.push({ kind: 'every', every });
  if (after !== null) triggers.push({ kind: 'after', pipeline: after });
  if (onChange !== null) triggers.push({ kind: 'change', dataset: onChange });
  if (onFiles !== null) triggers.push({ kind: 'files', settle: onFiles });
  return triggers;
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
