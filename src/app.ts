import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DatasetFolder } from '#adapters/described-files/dataset-folder.ts';
import { DEFAULT_PROCESSOR, PROCESSORS, type ProcessorOptions } from '#adapters/processing/registry.ts';
import { openWorkbench, STORAGE_ENGINES, type Workbench } from '#adapters/storage/registry.ts';
import { AnalysisRuns } from '#application/analysis/analysis-runs.ts';
import { DatasetVersions } from '#application/analysis/dataset-versions.ts';
import { OwnAnalyses } from '#application/analysis/own-analyses.ts';
import { systemCall } from '#application/call.ts';
import type { SynchroniseRequest, SynchroniseResult } from '#application/datasets/commands/synchronise-datasets.ts';
import { DatasetCatalog } from '#application/datasets/dataset-catalog.ts';
import { withSystemDatasets } from '#application/datasets/system-datasets.ts';
import { keepHistoryTrimmed } from '#application/maintenance/trim-history.ts';
import type { Clock } from '#application/ports/clock.ts';
import type { DatasetFiles } from '#application/ports/dataset-files.ts';
import type { PipelineFiles } from '#application/ports/pipeline-files.ts';
import type { Processor } from '#application/ports/processor.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { AdmissionQueue } from '#application/records/admission.ts';
import { ChangeTail } from '#application/records/change-tail.ts';
import { WriteGatherer } from '#application/records/gather-writes.ts';
import { IdempotencyKeeper } from '#application/records/idempotency.ts';
import { PointReads } from '#application/records/point-reads.ts';
import { StreamPlaces } from '#application/records/queries/stream-records.ts';
import { createUseCases, type UseCases } from '#application/use-cases.ts';
import type { Config } from '#config';
import { NO_TRACES } from '#domain/run/trace.ts';
import { systemClock } from '#infrastructure/clock.ts';
import { createLogger, type Logger } from '#infrastructure/logging.ts';
import { Metrics } from '#infrastructure/metrics.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { ProcessTelemetry } from '#infrastructure/telemetry.ts';
import { readTlsFiles } from '#infrastructure/tls-files.ts';
import { openTracing } from '#infrastructure/tracing.ts';
import { createRestServer } from '#presentation/rest/rest-server.ts';
import { Security } from '#presentation/security.ts';
import { addGauges } from './gauges.ts';
import { limitsOf, securityOf } from './limits.ts';
import { createPipelines } from './pipelines.ts';
import { createProtocols } from './protocols.ts';
import { createRunRecording } from './run-recording.ts';
import { storeUpkeep } from './store-upkeep.ts';
import { VERSION } from './version.ts';

/** Parts that a test, or a command of the command line, puts in the place of the usual ones. */
export interface AppOverrides {
  readonly engine?: StorageEngine;
  readonly datasetFiles?: DatasetFiles;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** What becomes of a dataset whose file asks for more than a safe change; a server refuses to start. */
  readonly whenIncompatible?: SynchroniseRequest['whenIncompatible'];
  /** Whether schedules begin what is due, and what a process before left undone is gone on with. */
  readonly runsByItself?: boolean;
}

/** A server with everything it stands on. */
export interface App {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly useCases: UseCases;
  /** How the store was brought to what the dataset files say. */
  readonly synchronised: SynchroniseResult;
  readonly datasetFiles: DatasetFiles;
  /** null where no folder of pipelines is named. */
  readonly pipelineFiles: PipelineFiles | null;
  /** Begins to answer; tells the address. */
  listen(): Promise<string>;
  /** Where Arrow Flight answers once `listen` is over; null where it is not served. */
  readonly flightAddress: string | null;
  /** Lets what runs come to its end within the time, then closes everything in reverse order. */
  close(timeoutMs?: number): Promise<void>;
}

/** Builds every part once. What was opened is closed again where a later part cannot be built. */
export async function createApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  const opened: (() => unknown)[] = [];
  try {
    return await build(config, overrides, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

async function build(config: Config, overrides: AppOverrides, opened: (() => unknown)[]): Promise<App> {
  const logger = overrides.logger ?? (await createLogger({ level: config.logLevel, pretty: isPretty(config) }));
  const clock = overrides.clock ?? systemClock;
  const metrics = new Metrics();
  const tracing = await openTracing(config, VERSION, logger);
  opened.push(() => tracing?.close());
  const telemetry = new ProcessTelemetry({ logger, metrics, tracer: tracing, slowRequest: config.slowRequestMs });
  const datasetFiles = overrides.datasetFiles ?? new DatasetFolder(config.datasetsDir, compileRe2);

  const gate = new AdmissionQueue({ places: longCallPlaces(), maxWaiting: 1000 });
  const engine = overrides.engine ?? (await openEngine(config, gate));
  opened.push(() => engine.maintenance.close());
  const recording = createRunRecording({ config, engine, clock, telemetry, version: VERSION });
  opened.push(() => recording.close());
  const workbench = await openWorkbench({
    folder: join(config.dataDir, 'scratch'),
    memoryBytes: config.processorMemory,
    threads: config.engineThreads,
    gate,
  });
  opened.push(() => workbench.close());
  const { processor, fallback } = await openProcessors(config, engine, workbench);
  opened.push(() => Promise.all([processor.close(), fallback.close()]));
  const versions = new DatasetVersions(engine.changes);
  opened.push(() => versions.close());
  const stopping = new AbortController();
  const analyses = new AnalysisRuns({
    clock,
    telemetry,
    recorder: recording.recorder,
    gate: new AdmissionQueue({ places: config.maxAnalyses, maxWaiting: 100 }),
    timeout: config.analysisTimeoutMs,
    maxResultBytes: config.analysisMaxResult,
    maxKeptBytes: config.analysisKeep,
    maxKept: 1000,
    stopping: stopping.signal,
  });
  opened.push(() => analyses.close());
  const catalog = new DatasetCatalog(compileRe2);
  const keeper = new IdempotencyKeeper(engine.writer, clock, (error) => logger.warn({ err: error }, 'old marks stay'));
  opened.push(() => keeper.close());
  const { historyRetention } = config;
  if (historyRetention !== null) {
    const onError = (error: unknown) => logger.warn({ err: error }, 'old history stays');
    opened.push(keepHistoryTrimmed(engine.maintenance, clock, historyRetention, onError));
  }
  const writes = new WriteGatherer(engine.writer, { maxChanges: 512, maxWaiting: 8192 });
  opened.push(() => writes.drained());
  const streams = new StreamPlaces(config.maxStreams);
  const feeds = new StreamPlaces(config.maxFeeds, 'feeds');
  const sqlPlaces = new StreamPlaces(config.maxSqlQueries, 'queries');
  const loads = new AdmissionQueue({ places: 8, maxWaiting: 64 });
  const { renderer, transformer } = workbench;
  const source = withSystemDatasets(datasetFiles);
  const piping = {
    tracer: tracing ?? NO_TRACES,
    config,
    catalog,
    source,
    engine,
    loads,
    transformer,
    // Runs ask for analyses as clients do, and begin when all is built.
    analyses: new OwnAnalyses({
      analyse: (request, call) => useCases.analyse(request, call),
      getStanding: (request, call) => useCases.getStanding(request, call),
      runs: analyses,
      renderer,
    }),
    storeFor: storeUpkeep({ useCases: () => useCases, maintenance: engine.maintenance, catalog }),
    clock,
    telemetry,
    recording,
  };
  const pipelines = createPipelines(piping);
  opened.push(() => pipelines.close());
  const useCases = createUseCases({
    engine,
    catalog,
    source,
    telemetry,
    clock,
    limits: limitsOf(config),
    gate,
    loads,
    streams,
    feeds,
    tail: new ChangeTail({ changes: engine.changes, gate, limit: 2000, timeout: config.queryTimeoutMs }),
    sqlPlaces,
    writes,
    reads: new PointReads(engine.reader, {
      maxKeys: 128,
      maxCalls: 1,
      maxWaiting: 8192,
      timeout: config.queryTimeoutMs,
    }),
    keeper,
    recorder: recording.recorder,
    processor,
    fallbackProcessor: fallback,
    renderer,
    analyses,
    versions,
    pipelines,
    stopping: stopping.signal,
    backupPath: (label) => newBackupPath(config, clock, label),
  });
  telemetry.uses({ engine: engine.name, processor: processor.name });
  addGauges(metrics, { gate, loads, streams, feeds, sqlPlaces, writes, engine, analyses, pipelines });
  const whenIncompatible = overrides.whenIncompatible ?? 'refuse';
  const synchronised = await useCases.synchroniseDatasets({ whenIncompatible }, systemCall());
  await useCases.synchronisePipelines({}, systemCall());

  let isStopping = false;
  const security = new Security(securityOf(config));
  const protocols = await createProtocols({
    config,
    useCases,
    telemetry,
    metrics,
    security,
    catalog,
    version: VERSION,
  });
  const server = await createRestServer({
    useCases,
    security,
    limits: {
      maxJsonBytes: config.maxBodyBytes,
      maxUploadBytes: config.maxUploadBytes,
      maxUrlLength: 64 * 1024,
      maxPageSize: config.maxPageSize,
      defaultPageSize: config.defaultPageSize,
      inlineRows: 500,
      inlineBytes: 512 * 1024,
    },
    version: VERSION,
    tls: config.tlsCert === '' ? null : readTlsFiles({ TLS_CERT: config.tlsCert, TLS_KEY: config.tlsKey }),
    trustProxy: config.trustProxy,
    onAnswer: (answer) => telemetry.answered(answer),
    metrics: { contentType: metrics.contentType, text: () => metrics.text() },
    datasetsRevision: () => catalog.revision,
    mount: (routes) => protocols.mount(routes),
    flightAddress: () => protocols.flightAddress,
    notReady: () => (isStopping ? 'The server is stopping.' : null),
  });

  return {
    config,
    version: VERSION,
    logger,
    useCases,
    synchronised,
    datasetFiles,
    pipelineFiles: pipelines.files,
    get flightAddress() {
      return protocols.flightAddress;
    },
    async listen() {
      // Workers ask over REST where the others are.
      await protocols.listen();
      const address = await server.listen({ host: config.host, port: config.port });
      if (overrides.runsByItself ?? true) {
        pipelines.begin();
        recording.begin((id) => pipelines.settleRun(id));
      }
      return address;
    },
    async close(timeoutMs = config.shutdownTimeoutMs) {
      if (isStopping) return;
      isStopping = true;
      stopping.abort();
      const force = setTimeout(() => server.server.closeAllConnections(), timeoutMs);
      await Promise.all([server.close(), protocols.close(timeoutMs)]);
      clearTimeout(force);
      for (const close of opened.reverse()) await close();
    },
  };
}

function openEngine(config: Config, gate: AdmissionQueue): Promise<StorageEngine> {
  return STORAGE_ENGINES[config.dbEngine]({
    dataDir: config.dataDir,
    memoryBytes: config.engineMemory,
    threads: config.engineThreads,
    compilePattern: compileRe2,
    gate,
    databaseUrl: config.databaseUrl,
    databaseConnections: config.databaseConnections,
  });
}

/** The chosen processor, and the default one for what it lacks; one and the same where the default was chosen. */
async function openProcessors(
  config: Config,
  engine: StorageEngine,
  workbench: Workbench,
): Promise<{ readonly processor: Processor; readonly fallback: Processor }> {
  const options: ProcessorOptions = {
    stored: engine.relations,
    loaded: workbench.relations,
    duckDbVersion: workbench.version,
    memoryBytes: config.processorMemory,
    threads: config.maxAnalyses,
  };
  const fallback = await DEFAULT_PROCESSOR(options);
  const open = PROCESSORS[config.processorEngine];
  return { fallback, processor: open === DEFAULT_PROCESSOR ? fallback : await open(options) };
}

/** As many as there are cores, each call being parallel in itself, and fewer than the threads that engine calls share: writes and point reads always find one. */
function longCallPlaces(): number {
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  return Math.max(1, Math.min(threads - 6, availableParallelism()));
}

function isPretty({ logFormat }: Config): boolean {
  return logFormat === 'pretty' || (logFormat === 'auto' && process.stdout.isTTY === true);
}

async function newBackupPath({ dataDir }: Config, clock: Clock, label: string): Promise<string> {
  const folder = join(dataDir, 'backups');
  await mkdir(folder, { recursive: true });
  const time = new Date(clock.now()).toISOString().replace(/[:.]/g, '-');
  return join(folder, `${label.replace(/[^\p{L}\p{N}_-]/gu, '_').slice(0, 60)}-${time}.backup`);
}
