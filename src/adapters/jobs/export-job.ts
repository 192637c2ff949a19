import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline as flow } from 'node:stream/promises';
import { json, optional, text, word } from '#domain/file/option.ts';
import { defineJob } from './define-job.ts';
import { nameInPath, timeInName } from './files-by-time.ts';
import { unknownDatasetFaults } from './known-dataset.ts';

/** The rows of a dataset as a file, which gets its name when it is whole and on disk. */
export const exportJob = defineJob({
  kind: 'export',
  description: 'Write the rows of a dataset to a file',
  options: {
    dataset: text('The dataset whose rows are written.'),
    format: word('How they are written.', ['ndjson', 'csv', 'arrow', 'parquet']),
    path: text(
      'The file; relative to the folder of the pipeline files. {date} and {time} stand for those of the run, in UTC: sales-{date}.csv. A file of the name is written over.',
    ),
    filters: optional(json('Which rows are written; all where this is left out.', 'array')),
  },
  check: ({ dataset }, datasets) => unknownDatasetFaults(dataset, datasets),
  async run({ path: pattern, ...request }, { pipeline, store, clock, folder, signal, note }) {
    const time = timeInName(clock.now());
    const path = resolve(folder, pattern.replaceAll('{date}', time.slice(0, 10)).replaceAll('{time}', time));
    await mkdir(dirname(path), { recursive: true });
    // The same for each run, so that what one leaves that is killed is written over.
    const part = join(dirname(path), `.${nameInPath(pipeline)}.part`);
    try {
      const rows = Readable.from(await store.export(request), { objectMode: false });
      await flow(rows, createWriteStream(part, { flush: true }), { signal });
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
    note(`written: ${basename(path)}`);
  },
});
