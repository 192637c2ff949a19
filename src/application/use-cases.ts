import type { AnalysisRuns } from './analysis/analysis-runs.ts';
import { analyse } from './analysis/commands/analyse.ts';
import { cancelAnalysis } from './analysis/commands/cancel-analysis.ts';
import type { DatasetVersions } from './analysis/dataset-versions.ts';
import { getAnalysis, listAnalyses } from './analysis/queries/get-analysis.ts';
import { getStanding } from './analysis/queries/get-standing.ts';
import { readAnalysisResult, streamAnalysisResult } from './analysis/queries/read-analysis-result.ts';
import { applyDataset } from './datasets/commands/apply-dataset.ts';
import { planDataset } from './datasets/commands/plan-dataset.ts';
import { synchroniseDatasets } from './datasets/commands/synchronise-datasets.ts';
import type { DatasetCatalog } from './datasets/dataset-catalog.ts';
import { getDataset } from './datasets/queries/get-dataset.ts';
import { listDatasets } from './datasets/queries/list-datasets.ts';
import type { Limits } from './limits.ts';
import { backupStore } from './maintenance/backup-store.ts';
import { checkHealth } from './maintenance/check-health.ts';
import { createObserve, createObserveBatches, createObserveFeed, createObserveStream } from './observe.ts';
import { backfillPipeline } from './pipelines/commands/backfill-pipeline.ts';
import { cancelRun } from './pipelines/commands/cancel-run.ts';
import { pausePipeline } from './pipelines/commands/pause-pipeline.ts';
import { pushEvents } from './pipelines/commands/push-events.ts';
import { replayRows } from './pipelines/commands/replay-rows.ts';
import { resetPipeline } from './pipelines/commands/reset-pipeline.ts';
import { rollBackRun } from './pipelines/commands/roll-back-run.ts';
import { runPipeline } from './pipelines/commands/run-pipeline.ts';
import { synchronisePipelines } from './pipelines/commands/synchronise-pipelines.ts';
import type { PipelineCatalog } from './pipelines/pipeline-catalog.ts';
import type { PipelineRuns } from './pipelines/pipeline-runs.ts';
import type { EventIntake } from './pipelines/push/event-intake.ts';
import { followRun } from './pipelines/queries/follow-run.ts';
import { getPipeline, listPipelines } from './pipelines/queries/list-pipelines.ts';
import { getRun, listRuns } from './pipelines/queries/list-runs.ts';
import {
  getKeptRun,
  getPipelineWork,
  keepRun,
  listJoinable,
  listKeptRuns,
  storeBatch,
  takePipeline,
} from './pipelines/serve-workers.ts';
import type { AdmissionGate } from './ports/admission-gate.ts';
import type { BatchStore } from './ports/batch-store.ts';
import type { Clock } from './ports/clock.ts';
import type { DatasetSource } from './ports/dataset-source.ts';
import type { PipelineFiles } from './ports/pipeline-files.ts';
import type { Processor } from './ports/processor.ts';
import type { RunHistory } from './ports/run-history.ts';
import type { Secrets } from './ports/secrets.ts';
import type { Source } from './ports/source.ts';
import type { StorageEngine } from './ports/storage-engine.ts';
import type { TableRenderer } from './ports/table-renderer.ts';
import type { Telemetry } from './ports/telemetry.ts';
import type { ChangeTail } from './records/change-tail.ts';
import { createRecord } from './records/commands/create-record.ts';
import { createRecords } from './records/commands/create-records.ts';
import { deleteRecord } from './records/commands/delete-record.ts';
import { deleteRecords } from './records/commands/delete-records.ts';
import { loadRecords } from './records/commands/load-records.ts';
import { patchRecord } from './records/commands/patch-record.ts';
import { replaceRecord } from './records/commands/replace-record.ts';
import type { WriteGatherer } from './records/gather-writes.ts';
import type { IdempotencyKeeper } from './records/idempotency.ts';
import type { PointReads } from './records/point-reads.ts';
import { aggregateRecords } from './records/queries/aggregate-records.ts';
import { countRecords } from './records/queries/count-records.ts';
import { followChanges } from './records/queries/follow-changes.ts';
import { getMarks } from './records/queries/get-marks.ts';
import { getRecord } from './records/queries/get-record.ts';
import { getRecordByKey } from './records/queries/get-record-by-key.ts';
import { queryRecords } from './records/queries/query-records.ts';
import { readBatches } from './records/queries/read-batches.ts';
import { readChanges, streamChanges } from './records/queries/read-changes.ts';
import { type StreamPlaces, streamRecords } from './records/queries/stream-records.ts';
import { watchRecords } from './records/queries/watch-records.ts';
import { RecordWrites } from './records/record-writes.ts';
import { recordedCreate, recordedLoad } from './runs/recorded-loads.ts';
import type { RunRecorder } from './runs/run-recorder.ts';
import type { Scheduler } from './scheduling/scheduler.ts';
import { describeSql } from './sql/queries/describe-sql.ts';
import { readSql, runSql, streamSql } from './sql/queries/run-sql.ts';

/** What the use cases stand on; `app.ts` builds each part once. */
export interface UseCaseParts {
  readonly engine: StorageEngine;
  readonly catalog: DatasetCatalog;
  readonly source: DatasetSource;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Long reads. */
  readonly gate: AdmissionGate;
  /** Loads of whole bodies. */
  readonly loads: AdmissionGate;
  readonly streams: StreamPlaces;
  readonly tail: ChangeTail;
  readonly feeds: StreamPlaces;
  /** Queries in SQL. */
  readonly sqlPlaces: StreamPlaces;
  readonly writes: WriteGatherer;
  readonly reads: PointReads;
  readonly keeper: IdempotencyKeeper;
  readonly recorder: RunRecorder;
  /** The processor that was chosen, and the one that takes what that one lacks. */
  readonly processor: Processor;
  readonly fallbackProcessor: Processor;
  readonly renderer: TableRenderer;
  readonly analyses: AnalysisRuns;
  readonly versions: DatasetVersions;
  readonly pipelines: PipelineParts;
  /** Fires when the server is told to stop. */
  readonly stopping: AbortSignal;
  /** A new place for a copy of the store. */
  readonly backupPath: (label: string) => Promise<string>;
}

/** What the use cases of pipelines stand on. */
export interface PipelineParts {
  /** null where no folder of pipelines is named. */
  readonly files: PipelineFiles | null;
  readonly pipelines: PipelineCatalog;
  readonly sources: readonly Source[];
  readonly runs: PipelineRuns;
  readonly scheduler: Scheduler;
  readonly history: RunHistory;
  readonly store: BatchStore;
  /** What others send. */
  readonly events: EventIntake;
  readonly secrets: Secrets;
}

export type UseCases = ReturnType<typeof createUseCases>;

/** The list of what presentation may call; each takes `(request, call)` and runs inside one `observe()`. */
export function createUseCases(parts: UseCaseParts) {
  const { engine, catalog, source, telemetry, clock, limits, gate, loads, keeper, reads, backupPath, stopping } = parts;
  const { recorder } = parts;
  const { datasets: store, reader, loader, changes, maintenance } = engine;
  const writes = new RecordWrites(parts.writes, keeper);
  const observe = createObserve(telemetry, clock);
  const observeStream = createObserveStream(telemetry, clock);
  const observeBatches = createObserveBatches(telemetry, clock);
  const observeFeed = createObserveFeed(telemetry, clock);
  const following = { catalog, tail: parts.tail, places: parts.feeds, limits, stopping };
  const reading = { catalog, reader, gate, limits };
  const { processor, analyses, versions } = parts;
  const analysing = { catalog, reader, limits, versions, runs: analyses, processor, fallback: parts.fallbackProcessor };
  const sql = { sql: engine.sql, catalog, limits, places: parts.sqlPlaces };
  const piping = {
    ...parts.pipelines,
    versions,
    catalog,
    reader,
    loader,
    loads,
    changes,
    clock,
    telemetry,
    writer: engine.writer,
  };
  return {
    listDatasets: observe('list-datasets', listDatasets(catalog)),
    getDataset: observe('get-dataset', getDataset(catalog)),
    synchroniseDatasets: observe('synchronise-datasets', synchroniseDatasets({ source, store, catalog, telemetry })),
    planDataset: observe('plan-dataset', planDataset(source, store)),
    applyDataset: observe('apply-dataset', applyDataset({ source, store, maintenance, catalog, backupPath })),

    createRecord: observe('create-record', createRecord(catalog, writes)),
    createRecords: observe(
      'create-records',
      recordedCreate(recorder, createRecords({ catalog, writes, keeper, loader, loads })),
    ),
    loadRecords: observe('load-records', recordedLoad(recorder, loadRecords({ catalog, keeper, loader, loads }))),
    patchRecord: observe('patch-record', patchRecord(catalog, writes)),
    replaceRecord: observe('replace-record', replaceRecord(catalog, writes)),
    deleteRecord: observe('delete-record', deleteRecord(catalog, writes)),
    deleteRecords: observe('delete-records', deleteRecords(catalog, writes, limits)),

    queryRecords: observe('query-records', queryRecords(reading)),
    aggregateRecords: observe('aggregate-records', aggregateRecords(reading)),
    countRecords: observe('count-records', countRecords(reading)),
    streamRecords: observeStream('stream-records', streamRecords({ catalog, reader, limits, places: parts.streams })),
    readBatches: observeBatches('read-batches', readBatches({ catalog, reader, limits, places: parts.streams })),
    getMarks: observe('get-marks', getMarks(catalog, engine.writer)),
    getRecord: observe('get-record', getRecord(catalog, reads)),
    getRecordByKey: observe('get-record-by-key', getRecordByKey(catalog, reads)),
    readChanges: observe('read-changes', readChanges({ catalog, changes, gate, limits, stopping })),
    streamChanges: observeStream('stream-changes', streamChanges({ catalog, changes, gate, limits, stopping })),
    followChanges: observeFeed('follow-changes', followChanges(following)),
    watchRecords: observeFeed('watch-records', watchRecords({ ...following, reader, gate })),

    runSql: observe('run-sql', runSql(sql)),
    streamSql: observeStream('stream-sql', streamSql(sql)),
    readSql: observeBatches('read-sql', readSql(sql)),
    describeSql: observe('describe-sql', describeSql(sql)),

    analyse: observe('analyse', analyse({ ...analysing, observe: observeBatches })),
    getAnalysis: observe('get-analysis', getAnalysis(analyses, limits)),
    getStanding: observe('get-standing', getStanding({ catalog, changes })),
    listAnalyses: observe('list-analyses', listAnalyses(analyses)),
    readAnalysisResult: observe('read-analysis-result', readAnalysisResult(analyses)),
    streamAnalysisResult: observeStream('stream-analysis-result', streamAnalysisResult(analyses, parts.renderer)),
    cancelAnalysis: observe('cancel-analysis', cancelAnalysis(analyses)),

    synchronisePipelines: observe('synchronise-pipelines', synchronisePipelines(piping)),
    getPipelineWork: observe('get-pipeline-work', getPipelineWork(piping)),
    takePipeline: observe('take-pipeline', takePipeline(piping)),
    listJoinable: observe('list-joinable', listJoinable(piping)),
    storeBatch: observe('store-batch', storeBatch(piping)),
    getKeptRun: observe('get-kept-run', getKeptRun(piping)),
    listKeptRuns: observe('list-kept-runs', listKeptRuns(piping)),
    keepRun: observe('keep-run', keepRun(piping)),
    listPipelines: observe('list-pipelines', listPipelines(piping)),
    getPipeline: observe('get-pipeline', getPipeline(piping)),
    runPipeline: observe('run-pipeline', runPipeline(piping)),
    backfillPipeline: observe('backfill-pipeline', backfillPipeline(piping)),
    listRuns: observe('list-runs', listRuns(piping)),
    getRun: observe('get-run', getRun(piping)),
    cancelRun: observe('cancel-run', cancelRun(piping)),
    rollBackRun: observe('roll-back-run', rollBackRun(piping)),
    resetPipeline: observe('reset-pipeline', resetPipeline(piping)),
    followRun: observe('follow-run', followRun(piping)),
    pausePipeline: observe('pause-pipeline', pausePipeline(piping)),
    pushEvents: observe('push-events', pushEvents(piping)),
    replayRows: observe('replay-rows', replayRows(piping)),

    backupStore: observe('backup-store', backupStore(maintenance, backupPath)),
    checkHealth: observe('check-health', checkHealth(maintenance, processor)),
  };
}
