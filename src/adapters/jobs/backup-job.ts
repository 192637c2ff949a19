import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { count, optional, text } from '#domain/file/option.ts';
import { defineJob } from './define-job.ts';
import { deleteOlder, nameInPath, timeInName } from './files-by-time.ts';

const COPY = /\.backup/;
/** What a process leaves that is killed while it writes one, by the names that engines give it. */
const UNFINISHED = /\.backup\.part.*/;

/** A copy of the store, under a name of its own, and no more copies than are wanted. */
export const backupJob = defineJob({
  kind: 'backup',
  description: 'Write a copy of the store into a folder',
  options: {
    folder: text(
      'Where the copies go; relative to the folder of the pipeline files. It is made where it is not there.',
    ),
    keep: optional(count('How many copies are kept, the newest ones; all of them where this is left out.', 1, 100_000)),
  },
  async run({ folder: given, keep }, { pipeline, store, clock, folder: base, signal, note }) {
    const folder = resolve(base, given);
    await mkdir(folder, { recursive: true });
    const prefix = `${nameInPath(pipeline)}-`;
    await deleteOlder(folder, prefix, UNFINISHED, 0);
    const name = `${prefix}${timeInName(clock.now())}.backup`;
    const path = join(folder, name);
    await store.backup(path);
    if (signal.aborted) {
      await rm(path, { force: true });
      throw signal.reason;
    }
    note(`written: ${name}`);
    if (keep === null) return;
    const gone = await deleteOlder(folder, prefix, COPY, keep);
    if (gone > 0) note(`deleted ${gone} older ${gone === 1 ? 'copy' : 'copies'}`);
  },
});
