import { Cron } from 'croner';
import type { NextCron } from '#domain/schedule/due-times.ts';

/**
 * Times of cron by croner: a time of day that a change of the clocks leaves out comes as soon as it can, one that comes
 * twice counts once, and what comes in intervals goes on evenly.
 */
export const nextCron: NextCron = (cron, zone, after) =>
  new Cron(cron, { timezone: zone }).nextRun(new Date(after))?.getTime() ?? null;
