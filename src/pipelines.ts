import { hostname } from 'node:os';
import { DatasetFileGrowth } from '#adapters/described-files/dataset-growth.ts';
import { PipelineFolder } from '#adapters/described-files/pipeline-folder.ts';
import { JOBS } from '#adapters/jobs/registry.ts';
import { TASK_QUEUES } from '#adapters/queue/registry.ts';
import { SOURCE_KINDS, sourcesWith } from '#adapters/sources/registry.ts';
import { systemCall } from '#application/call.ts';
import { synchroniseDatasets } from '#application/datasets/commands/synchronise-datasets.ts';
import type { DatasetCatalog } from '#application/datasets/dataset-catalog.ts';
import { carryOutRun } from '#application/pipelines/carry-out-run.ts';
import { LocalBatchStore } from '#application/pipelines/local-batch-store.ts';
import { MarkedRunHistory } from '#application/pipelines/marked-run-history.ts';
import { PipelineCatalog } from '#application/pipelines/pipeline-catalog.ts';
import { PipelineRuns, RUN_KIND, SERVER_RUN_KIND } from '#application/pipelines/pipeline-runs.ts';
import { EventIntake } from '#application/pipelines/push/event-intake.ts';
import { settleRun } from '#application/pipelines/recall-runs.ts';
import { recordOfRun } from '#application/pipelines/record-of-run.ts';
import { runJob } from '#application/pipelines/run-job.ts';
import { type RegisteredJobPorts, runRegisteredJob } from '#application/pipelines/run-registered-job.ts';
import { runSettings } from '#application/pipelines/run-settings.ts';
import { scheduledPipeline, scheduleName } from '#application/pipelines/scheduled-pipelines.ts';
import { sendAlerts } from '#application/pipelines/send-alerts.ts';
import { joinableDatasets } from '#application/pipelines/transform-rows.ts';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { Analyses } from '#application/ports/analyses.ts';
import type { BatchTransformer } from '#application/ports/batch-transformer.ts';
import type { Clock } from '#application/ports/clock.ts';
import type { DatasetSource } from '#application/ports/dataset-source.ts';
import type { RunHistory } from '#application/ports/run-history.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { JobHandler, JobWorker, KindOfWork, TaskQueue } from '#application/ports/task-queue.ts';
import type { Telemetry } from '#application/ports/telemetry.ts';
import type { PeakMemory } from '#application/runs/peak-memory.ts';
import type { RunRecorder } from '#application/runs/run-recorder.ts';
import { ScheduleStates } from '#application/scheduling/schedule-states.ts';
import { Scheduler } from '#application/scheduling/scheduler.ts';
import type { PipelineParts } from '#application/use-cases.ts';
import type { Config } from '#config';
import type { RunSurroundings } from '#domain/run/run-record.ts';
import type { Tracer } from '#domain/run/trace.ts';
import type { Schedule } from '#domain/schedule/schedule.ts';
import { nextCron } from '#infrastructure/cron.ts';
import { WebClient } from '#infrastructure/web-client.ts';

interface PipelineOptions {
  readonly config: Config;
  readonly catalog: DatasetCatalog;
  readonly source: DatasetSource;
  readonly engine: StorageEngine;
  readonly loads: AdmissionGate;
  readonly transformer: BatchTransformer;
  readonly analyses: Analyses;
  readonly storeFor: RegisteredJobPorts['storeFor'];
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly tracer: Tracer;
  readonly recording: {
    readonly memory: PeakMemory;
    readonly recorder: RunRecorder;
    readonly surroundings: RunSurroundings;
  };
}

/** Jobs about the store that a server does at once, also where it leaves all other runs to workers. */
const SERVER_RUNS = 2;

/** How long a run may go on when the server stops; then it is given back, and gone on with by whoever is next. */
const GRACE_MS = 2000;

interface Pipelines extends PipelineParts {
  /** Runs that this process carries out now. */
  readonly running: number;
  /** Starts what runs by itself. */
  begin(): void;
  /** Keeps what has become of a run, where nobody goes on with it; false where there is no such run. */
  settleRun(id: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Everything that pipelines need, wired. */
export function createPipelines(options: PipelineOptions): Pipelines {
  const { config, catalog, source, engine, clock, telemetry } = options;
  const { memory, recorder, surroundings } = options.recording;
  const { pipelinesDir, secrets } = config;
  const web = new WebClient({ privateAddresses: config.privateAddresses });
  const pipelines = new PipelineCatalog();
  const synchronise = synchroniseDatasets({ source, store: engine.datasets, catalog, telemetry });
  const store = new LocalBatchStore({
    catalog,
    writer: engine.writer,
    loader: engine.loader,
    loads: options.loads,
    growth: new DatasetFileGrowth(config.datasetsDir),
    synchronise: async () => void (await synchronise({ whenIncompatible: 'refuse' }, systemCall())),
  });
  const kept = new MarkedRunHistory(engine.writer, surroundings);
  const history: RunHistory = {
    get: (id) => kept.get(id),
    list: (pipeline, limit) => kept.list(pipeline, limit),
    async put(run) {
      await kept.put(run);
      // What runs after it may be due.
      if (run.endedAt !== null) void scheduler.wake();
    },
  };
  const batch = { bytes: config.pipelineBatch, time: config.pipelineBatchMs };
  const sources = sourcesWith(options.analyses);
  const job = {
    sources,
    store,
    secrets,
    web,
    clock,
    folder: pipelinesDir ?? '',
    batch,
    transformer: options.transformer,
    joinable: async () => joinableDatasets(catalog, engine.reader, config.processorMaxInput),
  };
  const upkeep = { jobs: JOBS, storeFor: options.storeFor, clock, folder: pipelinesDir ?? '' };
  let running = 0;
  const carryOut = carryOutRun({
    history,
    pipelineOf: async (name) => pipelines.get(name),
    clock,
    telemetry,
    redact: (text) => secrets.redact(text),
    work: ({ pipeline, ...asked }, progress, signal) =>
      pipeline.kind === 'rows'
        ? runJob(job, { ...asked, pipeline }, progress, signal)
        : runRegisteredJob(upkeep, { ...asked, pipeline }, progress, signal),
    instance: surroundings.instance,
    settings: (pipeline) => runSettings(pipeline, batch),
    memory,
    tracer: options.tracer,
    onEnd: (ended, pipeline) => sendAlerts({ web, history }, ended, pipeline),
  });
  const run: JobHandler = async (work) => {
    running++;
    try {
      return await carryOut(work);
    } finally {
      running--;
    }
  };
  const queue = new LazyQueue(
    () =>
      TASK_QUEUES[config.taskQueue]({ ...config, dataDir: engine.capabilities.durable ? config.dataDir : null, clock }),
    new Map([
      [RUN_KIND, { run, concurrency: config.pipelineRuns }],
      [SERVER_RUN_KIND, { run, concurrency: SERVER_RUNS }],
    ]),
  );
  const jobs = pipelinesDir === null ? null : { open: () => queue.open(), work: () => queue.work() };
  const runs = new PipelineRuns({ jobs, history, clock });
  const scheduling = {
    runs,
    history,
    store,
    catalog,
    changes: engine.changes,
    sources,
    clock,
    folder: pipelinesDir ?? '',
  };
  const scheduler = new Scheduler({
    scheduled: () =>
      pipelines
        .list()
        .flatMap((each) => (each.schedule === null ? [] : scheduledPipeline(scheduling, each, each.schedule))),
    states: new ScheduleStates(engine.writer),
    clock,
    nextCron,
    telemetry,
    instance: `${hostname()} ${process.pid}`,
  });
  const events = new EventIntake({
    store,
    history: kept,
    writer: engine.writer,
    clock,
    transformer: job.transformer,
    joinable: job.joinable,
    isHeld: (name) => scheduler.isHeld(scheduleName(name)),
    batchBytes: config.pipelineBatch,
    onStored(pipeline, before, now) {
      recorder.keep(recordOfRun(now, surroundings));
      if (pipelines.list().some(({ schedule }) => isAfter(schedule, pipeline.name))) void scheduler.wake();
      if (before.counts.rejected > 0 || now.counts.rejected === 0) return;
      sendAlerts({ web, history }, now, pipeline).catch((err) => telemetry.warn('nobody could be alerted', { err }));
    },
  });
  let stopListening = () => {};
  return {
    files: pipelinesDir === null ? null : new PipelineFolder(pipelinesDir, SOURCE_KINDS, JOBS),
    pipelines,
    sources,
    runs,
    scheduler,
    history,
    store,
    events,
    secrets,
    get running() {
      return running;
    },
    async settleRun(id) {
      // Whoever has the pipelines knows what has become of their runs.
      if (pipelinesDir === null && engine.capabilities.sharedByInstances) return true;
      return settleRun({ runs, history, store }, id);
    },
    begin() {
      if (pipelinesDir === null) return;
      void queue.work().catch((err) => telemetry.warn('the task queue cannot be opened', { err }));
      stopListening = engine.changes.subscribe((_head, datasets) => {
        if (pipelines.list().some(({ schedule }) => isOnChange(schedule, datasets))) void scheduler.wake();
      });
      void scheduler.wake();
    },
    async close() {
      stopListening();
      await events.drained();
      await scheduler.close();
      await queue.close();
      await web.close();
    },
  };
}

function isAfter(schedule: Schedule | null, pipeline: string): boolean {
  return schedule?.trigger.kind === 'after' && schedule.trigger.pipeline === pipeline;
}

function isOnChange(schedule: Schedule | null, datasets: ReadonlySet<string>): boolean {
  return schedule?.trigger.kind === 'change' && datasets.has(schedule.trigger.dataset);
}

/** The task queue with the workers of this process, opened when it is first needed. */
class LazyQueue {
  readonly #open: () => Promise<TaskQueue>;
  readonly #kinds: ReadonlyMap<string, KindOfWork>;
  #queue: Promise<TaskQueue> | null = null;
  #worker: Promise<JobWorker> | null = null;

  constructor(open: () => Promise<TaskQueue>, kinds: ReadonlyMap<string, KindOfWork>) {
    this.#open = open;
    this.#kinds = new Map([...kinds].filter(([, { concurrency }]) => concurrency > 0));
  }

  open(): Promise<TaskQueue> {
    this.#queue ??= this.#open();
    return this.#queue;
  }

  /** Begins to carry out runs, where this process does. */
  async work(): Promise<void> {
    const queue = await this.open();
    this.#worker ??= queue.work(this.#kinds);
    await this.#worker;
  }

  async close(): Promise<void> {
    await (await this.#worker?.catch(() => null))?.close(GRACE_MS);
    await (await this.#queue?.catch(() => null))?.close();
  }
}
