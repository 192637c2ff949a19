import { mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { REDIS_MISSING, startRedisServer } from '../../tests/support/redis-server.ts';
import { WorkerProcess } from '../../tests/support/worker-process.ts';
import type { BenchContext, BenchGroup } from '../context.ts';
import { alternate, timed } from '../harness/engine.ts';
import { runPipeline } from '../harness/pipeline.ts';
import { startScript, startServer } from '../harness/server.ts';
import { type Measurement, rate } from '../harness/table.ts';

/** Pipelines carried out by a worker that sends the rows to the server, against the same in the server's own process. */
export const workers: BenchGroup = {
  name: 'workers',
  async run(context) {
    if (REDIS_MISSING !== null) {
      console.log(REDIS_MISSING);
      return [];
    }
    const files = await startScript('./static-worker.ts', [context.folder]);
    const pipelines = context.path('workers-files');
    mkdirSync(pipelines);
    const source = { kind: 'rest', url: `${files.url}/${basename(context.files.ndjson)}` };
    writeFileSync(
      `${pipelines}/flights.json`,
      JSON.stringify({ name: 'flights', source, target: { dataset: 'flights' } }),
    );
    const here = await startServer(context.path('workers-here'), context.datasets, { PIPELINES_DIR: pipelines });
    try {
      const rows: Measurement[] = [];
      for (const transfer of ['flight', 'json']) rows.push(await there(context, pipelines, here.url, transfer));
      return rows;
    } finally {
      await here.stop();
      await files.stop();
    }
  },
};

/** Rows a second by a worker that sends them in one way. */
async function there(context: BenchContext, pipelines: string, here: string, transfer: string): Promise<Measurement> {
  const redis = await startRedisServer();
  const settings = { TASK_QUEUE: 'redis', REDIS_URL: redis.url, DATA_TRANSFER: transfer };
  const server = await startServer(context.path(`workers-${transfer}`), context.datasets, {
    ...settings,
    PIPELINES_DIR: pipelines,
    PIPELINE_RUNS: '0',
  });
  const worker = new WorkerProcess(server.url, settings);
  try {
    const times = await alternate(
      context.rounds,
      () => timed(() => runPipeline(server.url, 'flights')),
      () => timed(() => runPipeline(here, 'flights')),
    );
    const perSecond = (milliseconds: number) => (context.uploadRows / milliseconds) * 1000;
    const work = `REST source, NDJSON, ${context.uploadRows / 1e6} M rows, a worker by ${transfer}`;
    return rate(work, perSecond(times.ours), 'rows/s', perSecond(times.limit), "the server's own process", null);
  } finally {
    await worker.kill('SIGTERM');
    await server.stop();
    await redis.dispose();
  }
}
