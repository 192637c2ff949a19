import { setImmediate } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import type { BulkCounts } from '#application/ports/bulk-loader.ts';
import type { WriteRequest } from '#domain/record/change.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import { collectMarks, type StoredMark } from '#domain/record/write-groups.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { packOutcomes, RequestUnpacker, type WireRequest } from './sqlite-commit-wire.ts';
import { SqliteCommits } from './sqlite-commits.ts';
import { evolve } from './sqlite-evolve.ts';
import { serveCalls } from './sqlite-host.ts';
import { MARKS } from './sqlite-layout.ts';
import { loadBody } from './sqlite-load.ts';
import { openStore, refuseUnfinished } from './sqlite-open.ts';
import { SqliteParser } from './sqlite-parser.ts';
import { readTrimmed, trimHistory } from './sqlite-trim.ts';
import { commitRequests } from './sqlite-write-requests.ts';
import type { WriterCalls, WriterOptions } from './sqlite-writer-calls.ts';

/** The thread that writes: one connection, one transaction at a time. */
let open: SqliteCommits | null = null;
const parser = new SqliteParser();
const unpacker = new RequestUnpacker();

function commits(): SqliteCommits {
  if (open === null) throw new TypeError('the store is not open');
  return open;
}

serveCalls<WriterCalls>({
  open: () => {
    const options = workerData as WriterOptions;
    open = new SqliteCommits(openStore(options));
    refuseUnfinished(open.connection, options.path);
    return { head: open.head, trimmed: readTrimmed(open.connection) };
  },

  commit: (packed, { ask }) => {
    const requests = unpacker.unpack(packed);
    return commits().alone(async () => {
      const { outcomes, committed } = await commitRequests(commits(), requests.map(unmarked), async (first, made) => {
        const group = requests.slice(first, first + made.length);
        if (group.every(({ marks }) => marks.every(({ value }) => value !== null))) {
          return collectMarks(group as readonly WriteRequest[], made);
        }
        const question = { first, count: made.length, outcomes: packOutcomes(group, made) };
        return (await ask(question)) as readonly StoredMark[];
      });
      return { outcomes: packOutcomes(requests, outcomes), committed };
    });
  },

  load: ({ hasMarks, ...request }, { ask, isStopped }) => {
    const makeMarks = async (counts: BulkCounts) => (hasMarks ? ((await ask(counts)) as readonly StoredMark[]) : []);
    const answer = Promise.withResolvers<Awaited<ReturnType<typeof loadBody>>>();
    void commits().alone(async () => {
      await loadBody(commits(), request, parser, isStopped, makeMarks).then(answer.resolve, answer.reject);
      // What is in the log is durable: the caller hears so before it is written once more.
      await setImmediate();
      commits().connection.foldLog();
    });
    return answer.promise;
  },

  forgetMarks: ({ kind, before }) =>
    commits().alone(async () => {
      const sql = `DELETE FROM ${MARKS} WHERE kind = ?1 AND made_at < ?2`;
      commits().connection.run(sql, [kind, microsecondsOf(before)]);
    }),

  evolve: ({ plan }) =>
    commits().alone(() => commits().connection.transaction(() => evolve(commits().connection, plan, compileRe2))),

  trim: ({ before, dataset }) => commits().alone(() => trimHistory(commits(), before, dataset)),

  compact: () =>
    commits().alone(async () => commits().connection.execute('PRAGMA wal_checkpoint(PASSIVE); PRAGMA optimize')),

  close: () =>
    commits().alone(async () => {
      commits().connection.close();
    }),
});

function unmarked(request: WireRequest): WriteRequest {
  return { ...request, marks: [] };
}
