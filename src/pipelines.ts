import { DatasetFileGrowth } from '#adapters/described-files/dataset-growth.ts';
import { PipelineFolder } from '#adapters/described-files/pipeline-folder.ts';
import { SOURCES } from '#adapters/sources/registry.ts';
import { systemCall } from '#application/call.ts';
import { synchroniseDatasets } from '#application/datasets/commands/synchronise-datasets.ts';
import type { DatasetCatalog } from '#application/datasets/dataset-catalog.ts';
import { LocalBatchStore } from '#application/pipelines/local-batch-store.ts';
import { MarkedRunHistory } from '#application/pipelines/marked-run-history.ts';
import { PipelineCatalog } from '#application/pipelines/pipeline-catalog.ts';
import { PipelineRuns } from '#application/pipelines/pipeline-runs.ts';
import { runJob } from '#application/pipelines/run-job.ts';
import { sendAlerts } from '#application/pipelines/send-alerts.ts';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { BatchTransformer } from '#application/ports/batch-transformer.ts';
import type { Clock } from '#application/ports/clock.ts';
import type { DatasetSource } from '#application/ports/dataset-source.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { Telemetry } from '#application/ports/telemetry.ts';
import type { PipelineParts } from '#application/use-cases.ts';
import type { Config } from '#config';
import { WebClient } from '#infrastructure/web-client.ts';

interface PipelineOptions {
  readonly config: Config;
  readonly catalog: DatasetCatalog;
  readonly datasetFiles: DatasetSource;
  readonly engine: StorageEngine;
  readonly loads: AdmissionGate;
  readonly transformer: BatchTransformer;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Everything that pipelines need, wired. */
export function createPipelines(options: PipelineOptions): PipelineParts & { close(): Promise<void> } {
  const { config, catalog, datasetFiles, engine, loads, transformer, clock, telemetry } = options;
  const { pipelinesDir, secrets, privateAddresses } = config;
  const web = new WebClient({ privateAddresses });
  const synchronise = synchroniseDatasets({ source: datasetFiles, store: engine.datasets, catalog, telemetry });
  const store = new LocalBatchStore({
    catalog,
    writer: engine.writer,
    loader: engine.loader,
    loads,
    growth: new DatasetFileGrowth(config.datasetsDir),
    synchronise: async () => void (await synchronise({ whenIncompatible: 'refuse' }, systemCall())),
  });
  const history = new MarkedRunHistory(engine.writer);
  const job = {
    sources: SOURCES,
    store,
    secrets,
    web,
    clock,
    folder: pipelinesDir ?? '',
    batch: { bytes: config.pipelineBatch, time: config.pipelineBatchMs },
    catalog,
    reader: engine.reader,
    transformer,
    maxJoined: config.processorMaxInput,
  };
  const runs = new PipelineRuns({
    history,
    clock,
    telemetry,
    redact: (text) => secrets.redact(text),
    work: (asked, progress, signal) => runJob(job, asked, progress, signal),
    onEnd: (run, pipeline) => sendAlerts({ web, history }, run, pipeline),
  });
  return {
    files: pipelinesDir === null ? null : new PipelineFolder(pipelinesDir, SOURCES),
    pipelines: new PipelineCatalog(),
    runs,
    history,
    store,
    async close() {
      await runs.close();
      await web.close();
    },
  };
}
