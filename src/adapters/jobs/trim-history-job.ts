import { duration, optional, text } from '#domain/file/option.ts';
import { defineJob } from './define-job.ts';
import { unknownDatasetFaults } from './known-dataset.ts';

/** Former versions that nobody asks for any more. */
export const trimHistoryJob = defineJob({
  kind: 'trim_history',
  description: 'Forget former versions of records',
  options: {
    older_than: duration('How long a former version is kept after it ceased to be true; what stands is never touched.'),
    dataset: optional(text('The dataset whose history is trimmed; all of them where this is left out.')),
  },
  check: ({ dataset }, datasets) => (dataset === null ? [] : unknownDatasetFaults(dataset, datasets)),
  async run({ olderThan, dataset }, { store, clock, note }) {
    const before = clock.now() - olderThan;
    await store.trimHistory(before, dataset);
    note(
      `forgotten: versions ${dataset === null ? '' : `of ${dataset} `}from before ${new Date(before).toISOString()}`,
    );
  },
});
