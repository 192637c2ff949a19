import { workerData } from 'node:worker_threads';
import { compileRe2 } from '#infrastructure/re2.ts';
import { literal } from '../sql/identifier.ts';
import { aggregateRows } from './sqlite-aggregate.ts';
import { SqliteBlockStream } from './sqlite-block-stream.ts';
import { settleStep } from './sqlite-check-step.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { serveCalls } from './sqlite-host.ts';
import { countRecords, explainQuery, readPage } from './sqlite-queries.ts';
import { readChanges } from './sqlite-read-changes.ts';
import type { ReaderCalls, ReaderOptions } from './sqlite-reader-calls.ts';
import { readRunWork } from './sqlite-run-work.ts';

/** A thread that reads. Streams have a connection each, because each is a snapshot of its own; all else shares one. */
const options = workerData as ReaderOptions;
const open = () => new SqliteConnection({ ...options, readOnly: true });

let own: SqliteConnection | null = null;
const idle: SqliteConnection[] = [];
const streams = new Map<number, { readonly stream: SqliteBlockStream; readonly connection: SqliteConnection }>();
let lastStream = 0;

/** Opened with the first read, when the store is sure to be there. */
function connection(): SqliteConnection {
  own ??= open();
  return own;
}

function closeStream(id: number): void {
  const entry = streams.get(id);
  if (entry === undefined) return;
  streams.delete(id);
  entry.stream.close();
  idle.push(entry.connection);
}

serveCalls<ReaderCalls>({
  page: (query, { isStopped }) => connection().watched(isStopped, () => readPage(connection(), query)),
  count: ({ dataset, filter }, { isStopped }) =>
    connection().watched(isStopped, () => countRecords(connection(), dataset, filter)),
  aggregate: (query, { isStopped }) => connection().watched(isStopped, () => aggregateRows(connection(), query)),
  explain: (query) => explainQuery(connection(), query),
  changes: (request) => readChanges(connection(), request),
  runWork: (request) => readRunWork(connection(), request),
  plan: (plan) => {
    const { stored } = plan;
    if (stored === null) return plan;
    return { ...plan, steps: plan.steps.map((step) => settleStep(connection(), stored, step, compileRe2)) };
  },
  openStream: ({ query, kind, columns }) => {
    const borrowed = idle.pop() ?? open();
    try {
      streams.set(++lastStream, {
        stream: new SqliteBlockStream(borrowed, query, kind, columns),
        connection: borrowed,
      });
    } catch (error) {
      borrowed.close();
      throw error;
    }
    return lastStream;
  },
  nextBlock: (id, { isStopped }) => streams.get(id)?.stream.next(isStopped) ?? null,
  closeStream,
  backup: ({ to }) => connection().execute(`VACUUM INTO ${literal(to)}`),
  close: () => {
    for (const id of [...streams.keys()]) closeStream(id);
    for (const each of idle.splice(0)) each.close();
    own?.close();
    own = null;
  },
});
