import { parentPort, workerData } from 'node:worker_threads';
import { LocalJobs } from './local-jobs.ts';
import type { QueueAnswer, QueueCall, QueueCalls } from './local-queue-calls.ts';

/**
 * The thread that keeps the jobs. What has come in one turn of the event loop is one transaction, which is waited for
 * on the disk where one of its calls asks for that.
 */
const port = parentPort;
if (port === null) throw new Error('this script is the body of a worker thread');

const jobs = new LocalJobs((workerData as { readonly path: string }).path);
let waiting: QueueCall[] = [];

/** Of a method that answers nothing it does not matter what it gives back. */
type Answer<R> = undefined extends R ? unknown : R;

const METHODS: {
  readonly [M in keyof QueueCalls]: (argument: QueueCalls[M]['argument']) => Answer<QueueCalls[M]['result']>;
} = {
  enqueue: ({ jobs: made, now }) => jobs.enqueue(made, now),
  claim: ({ free, now }) => jobs.claim(free, now),
  tell: ({ id, told }) => jobs.tell(id, told),
  end: ({ id, end, told, now }) => {
    jobs.tell(id, told);
    return jobs.end(id, end, now);
  },
  cancel: ({ id, now }) => jobs.cancel(id, now),
  retry: ({ id, now }) => jobs.retry(id, now),
  find: ({ id }) => jobs.find(id),
  findByKey: ({ kind, key }) => jobs.findByKey(kind, key),
  list: (query) => jobs.list(query),
  log: ({ id, from }) => jobs.log(id, from),
  counts: () => jobs.counts(),
  close: () => jobs.close(),
};

/** What somebody is promised. The rest may be lost with the machine: then a job is done again. */
const PROMISED = new Set<keyof QueueCalls>(['enqueue', 'cancel', 'retry']);

port.on('message', (call: QueueCall) => {
  waiting.push(call);
  if (waiting.length === 1) setImmediate(runAll);
});

function runAll(): void {
  const calls = waiting;
  waiting = [];
  const answers = call(calls);
  for (const answer of answers) port?.postMessage(answer);
}

/** All in one transaction; where one fails, each in its own. */
function call(calls: readonly QueueCall[]): readonly QueueAnswer[] {
  const isDurable = calls.some(({ method }) => PROMISED.has(method));
  try {
    return calls[0]?.method === 'close' ? calls.map(run) : jobs.transaction(isDurable, () => calls.map(run));
  } catch (error) {
    if (calls.length > 1) return calls.flatMap((one) => call([one]));
    const message = error instanceof Error ? error.message : String(error);
    const code = (error as { readonly errcode?: number }).errcode ?? null;
    return calls.map(({ id }) => ({ id, ok: false, message, code }));
  }
}

function run({ id, method, argument }: QueueCall): QueueAnswer {
  return { id, ok: true, value: METHODS[method](argument as never) };
}
