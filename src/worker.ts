import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PipelineFolder } from '#adapters/described-files/pipeline-folder.ts';
import { TASK_QUEUES } from '#adapters/queue/registry.ts';
import { FlightBatchStore } from '#adapters/server/flight-batch-store.ts';
import { JsonBatchStore } from '#adapters/server/json-batch-store.ts';
import { ServerAnalyses } from '#adapters/server/server-analyses.ts';
import { type ServerAddress, ServerClient } from '#adapters/server/server-client.ts';
import { ServerDatasets } from '#adapters/server/server-datasets.ts';
import { ServerPipelines } from '#adapters/server/server-pipelines.ts';
import { ServerRunHistory } from '#adapters/server/server-run-history.ts';
import { SOURCE_KINDS, sourcesWith } from '#adapters/sources/registry.ts';
import { openWorkbench } from '#adapters/storage/registry.ts';
import { carryOutRun } from '#application/pipelines/carry-out-run.ts';
import { requireRows } from '#application/pipelines/pipeline-catalog.ts';
import { RUN_KIND } from '#application/pipelines/pipeline-runs.ts';
import { runJob } from '#application/pipelines/run-job.ts';
import { runSettings } from '#application/pipelines/run-settings.ts';
import { sendAlerts } from '#application/pipelines/send-alerts.ts';
import { AdmissionQueue } from '#application/records/admission.ts';
import { PeakMemory } from '#application/runs/peak-memory.ts';
import type { Config } from '#config';
import { DataForgeError } from '#domain/errors.ts';
import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import { NO_TRACES } from '#domain/run/trace.ts';
import { systemClock } from '#infrastructure/clock.ts';
import type { Logger } from '#infrastructure/logging.ts';
import { openTracing } from '#infrastructure/tracing.ts';
import { WebClient } from '#infrastructure/web-client.ts';
import { newInstanceName, residentMemory } from './run-recording.ts';
import { VERSION } from './version.ts';

/** How long a run may go on when the worker stops; then it is given back to others. */
const GRACE_MS = 5000;

/** Carries out runs of pipelines of a server elsewhere until it is closed; the server keeps the rows, the cursors and the history. */
export async function startWorker(
  config: Config,
  address: ServerAddress,
  logger: Logger,
): Promise<{ close(): Promise<void> }> {
  if (config.taskQueue !== 'redis') {
    throw new DataForgeError(
      'invalid_configuration',
      'A worker takes its work from Redis; set TASK_QUEUE=redis and REDIS_URL.',
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-worker-'));
  const gate = new AdmissionQueue({ places: 2, maxWaiting: 1000 });
  const { engineThreads: threads, processorMemory: memoryBytes, processorMaxInput: maxBytes, secrets } = config;
  const workbench = await openWorkbench({ folder: join(folder, 'scratch'), memoryBytes, threads, gate });
  const web = new WebClient({ privateAddresses: config.privateAddresses });
  const server = new ServerClient(address);
  const pipelines = new ServerPipelines(server);
  const history = new ServerRunHistory(server);
  const tracing = await openTracing(config, VERSION, logger);
  const batch = { bytes: config.pipelineBatch, time: config.pipelineBatchMs };
  const flight = config.dataTransfer === 'flight' ? new FlightBatchStore(server, config.flightUrl) : null;
  const job = {
    sources: sourcesWith(new ServerAnalyses(server)),
    store: flight ?? new JsonBatchStore(server),
    secrets,
    web,
    clock: systemClock,
    folder: config.pipelinesDir ?? '',
    batch,
    transformer: workbench.transformer,
  };
  const run = carryOutRun({
    history,
    pipelineOf: (name) => fetchPipeline(pipelines, folder, name),
    clock: systemClock,
    telemetry: {
      ran: () => {},
      warn: (message, facts) => logger.warn(facts ?? {}, message),
      note: (message, facts) => logger.info(facts ?? {}, message),
    },
    redact: (text) => secrets.redact(text),
    work: async ({ pipeline, ...asked }, progress, signal) => {
      const joined = new ServerDatasets({ server, folder: join(folder, `joined-${asked.run}`), maxBytes });
      try {
        const rows = { ...asked, pipeline: requireRows(pipeline) };
        await runJob({ ...job, joinable: (ended) => joined.list(ended) }, rows, progress, signal);
      } finally {
        await joined.close();
      }
    },
    instance: newInstanceName(),
    settings: (pipeline) => runSettings(pipeline, batch),
    memory: new PeakMemory(residentMemory),
    tracer: tracing ?? NO_TRACES,
    onEnd: async (ended, pipeline) => {
      logger.info({ pipeline: ended.pipeline, run: ended.id, state: ended.state }, 'a run has ended');
      await sendAlerts({ web, history }, ended, pipeline);
    },
  });
  const queue = await TASK_QUEUES.redis({ ...config, clock: systemClock });
  const worker = await queue.work(new Map([[RUN_KIND, { run, concurrency: Math.max(1, config.pipelineRuns) }]]));
  return {
    async close() {
      await worker.close(GRACE_MS);
      await queue.close();
      await tracing?.close();
      flight?.close();
      await web.close();
      await workbench.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A pipeline by its file, as the server has it now. */
async function fetchPipeline(pipelines: ServerPipelines, folder: string, name: string): Promise<Pipeline> {
  const { file } = await pipelines.work(name);
  if (file === null) throw new DataForgeError('unknown_pipeline', `The server has no file of pipeline "${name}".`);
  const place = await mkdtemp(join(folder, 'pipeline-'));
  try {
    await writeFile(join(place, basename(file.file)), file.text);
    const [pipeline] = await new PipelineFolder(place, SOURCE_KINDS).read();
    if (pipeline !== undefined) return pipeline;
    throw new DataForgeError('unknown_pipeline', `The file of pipeline "${name}" describes none.`);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
