import { DataForgeError } from '#domain/errors.ts';
import { count, optional } from '#domain/file/option.ts';
import { defineJob } from './define-job.ts';

/** Whether the store answers, so that somebody is alerted where it does not. */
export const checkJob = defineJob({
  kind: 'check',
  description: 'See whether the store is well',
  options: {
    most_bytes: optional(count('The run fails where the store is larger.', 1, Number.MAX_SAFE_INTEGER)),
  },
  async run({ mostBytes }, { store, note }) {
    const { ok, problem, engine, engineVersion, head, bytes } = await store.health();
    if (!ok) throw new DataForgeError('unavailable', problem ?? 'The store does not answer.', { retryable: true });
    note(`${engine} ${engineVersion} is well: change ${head}, ${bytes} bytes`);
    if (mostBytes === null || bytes <= mostBytes) return;
    const message = `The store has ${bytes} bytes, and most_bytes is ${mostBytes}; trim its history, or give it more.`;
    throw new DataForgeError('resources_exhausted', message);
  },
});
