import type { Analysis, OperationName } from '#domain/analysis/analysis.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { type Json, writeJson } from '#domain/record/json.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import { Observation, type ObserveBatches } from '../../observe.ts';
import type { AnalysisQuestion } from '../../ports/analyses.ts';
import type { ComputedTable, ComputeRequest, Processor } from '../../ports/processor.ts';
import type { RecordReader } from '../../ports/record-reader.ts';
import { openDataset } from '../../records/open-dataset.ts';
import { readCount } from '../../records/read-query.ts';
import type { AnalysisRun } from '../analysis-run.ts';
import type { AnalysisProgress, AnalysisRuns } from '../analysis-runs.ts';
import { datasetInput } from '../dataset-input.ts';
import type { DatasetVersions } from '../dataset-versions.ts';
import { readAnalysis } from '../read-analysis.ts';

export interface AnalyseRequest extends AnalysisQuestion {
  /** Milliseconds to wait for the result before a job is answered; null for what the configuration says. */
  readonly wait: number | null;
}

export interface AnalyseResult {
  readonly run: AnalysisRun;
  /** The result was there already. */
  readonly cached: boolean;
}

export interface AnalysePorts {
  readonly catalog: DatasetCatalog;
  readonly reader: RecordReader;
  readonly limits: Limits;
  readonly versions: DatasetVersions;
  readonly runs: AnalysisRuns;
  /** The one that was chosen, and the one that takes what that one lacks. */
  readonly processor: Processor;
  readonly fallback: Processor;
  /** Goes round the computation itself, which may outlive the request for it. */
  readonly observe: ObserveBatches;
}

/** Computes an analysis, or answers with the job that goes on with it. The same question of the same rows is computed once. */
export function analyse(ports: AnalysePorts) {
  const { catalog, limits, runs } = ports;
  return async (request: AnalyseRequest, call: Call): Promise<AnalyseResult> => {
    const wait = readCount(request.wait, {
      name: 'wait_ms',
      least: 0,
      most: limits.maxWait,
      default: limits.analysisWait,
    });
    const open = (name: string) => openDataset(catalog, name, call, 'read').dataset;
    const { analysis, dataset, other, filter } = call.observation.time('parse', () =>
      readAnalysis(request, open, limits.filter),
    );
    const { operation } = analysis;
    const { processor, lack } = choose(ports, operation);
    call.observation.dataset = dataset.name;
    call.observation.processor = processor.name;
    const key = keyOf(analysis, processor, request.filters, [dataset, other], ports);
    const known = runs.findDone(key);
    if (known !== null) return { run: known, cached: true };
    const subject = {
      caller: call.caller.name,
      dataset: dataset.name,
      operation,
      parameters: analysis.parameters,
      processor: processor.name,
      lack,
      key,
    };
    const run = runs.start(subject, (signal, progress) => {
      const options = {
        reader: ports.reader,
        maxBytes: limits.maxProcessorInput,
        onRows: progress.rowsRead,
        onWait: progress.waited,
      };
      return computing(ports, processor, call, progress, {
        analysis,
        input: datasetInput(dataset, filter, options),
        other: other === null ? null : datasetInput(other, null, options),
        signal,
        onProgress: progress.part,
      });
    });
    await waitFor(run, wait, runs, call);
    return { run, cached: false };
  };
}

function choose({ processor, fallback }: AnalysePorts, operation: OperationName) {
  const lack = processor.lackOf(operation);
  return lack === null ? { processor, lack } : { processor: fallback, lack: `${processor.name} ${lack}` };
}

/** Everything the result hangs on: what is asked, of which rows, in which shape of the datasets, by whom. */
function keyOf(
  { operation, parameters }: Analysis,
  { name }: Processor,
  filters: Json,
  datasets: readonly (Dataset | null)[],
  { versions, catalog }: AnalysePorts,
): string {
  const rows = datasets.map((dataset) => (dataset === null ? null : [dataset.name, versions.of(dataset.name)]));
  return JSON.stringify([name, operation, parameters, writeJson(filters), rows, catalog.revision]);
}

/** An analysis may outlive its request, so it is observed by itself. */
function computing(
  { observe }: AnalysePorts,
  processor: Processor,
  { caller }: Call,
  progress: AnalysisProgress,
  request: ComputeRequest,
): Promise<ComputedTable> {
  const observation = new Observation();
  observation.dataset = request.input.query?.dataset.name ?? null;
  observation.processor = processor.name;
  const compute = observe('compute-analysis', async (asked: ComputeRequest) => {
    const { columns, batches } = await observation.timeAsync('engine', () => processor.compute(asked));
    progress.log('computing; taking the rows');
    return { columns, batches: counted(batches, observation) };
  });
  return compute(request, { caller, observation });
}

async function* counted(batches: AsyncIterable<RecordBatch>, observation: Observation): AsyncGenerator<RecordBatch> {
  for await (const batch of batches) {
    observation.rows += batch.length;
    yield batch;
  }
}

/** Whoever leaves before he is told of a job will never ask for it. */
async function waitFor(run: AnalysisRun, wait: number, runs: AnalysisRuns, call: Call): Promise<void> {
  try {
    await call.observation.timeAsync('engine', () => runs.settled(run.id, wait, call.signal));
  } catch (error) {
    if (call.signal.aborted && run.endedAt === null) void runs.cancel(run.id);
    throw error;
  }
  if (run.error !== null) throw run.error;
  call.observation.rows = run.rowsOut;
}
