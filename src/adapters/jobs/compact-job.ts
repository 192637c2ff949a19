import { defineJob } from './define-job.ts';

/** Space that nothing needs any more. */
export const compactJob = defineJob({
  kind: 'compact',
  description: 'Give space of the store back',
  options: {},
  run: (_options, { store }) => store.compact(),
});
