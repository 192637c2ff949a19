import type { AnalysisRuns } from '#application/analysis/analysis-runs.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { AdmissionQueue } from '#application/records/admission.ts';
import type { WriteGatherer } from '#application/records/gather-writes.ts';
import type { StreamPlaces } from '#application/records/queries/stream-records.ts';
import type { Metrics } from '#infrastructure/metrics.ts';

interface Gauged {
  readonly gate: AdmissionQueue;
  readonly loads: AdmissionQueue;
  readonly streams: StreamPlaces;
  readonly feeds: StreamPlaces;
  readonly sqlPlaces: StreamPlaces;
  readonly writes: WriteGatherer;
  readonly engine: StorageEngine;
  readonly analyses: AnalysisRuns;
  readonly pipelines: { readonly running: number };
}

/** Registers the gauges of what a server has under way, each read when it is asked for. */
export function addGauges(
  metrics: Metrics,
  { gate, loads, streams, feeds, sqlPlaces, writes, engine, analyses, pipelines }: Gauged,
): void {
  const { changes, maintenance } = engine;
  metrics.gauge({ name: 'gate_running', help: 'Long engine calls under way', read: () => gate.running });
  metrics.gauge({ name: 'gate_waiting', help: 'Long engine calls that wait for a place', read: () => gate.waiting });
  metrics.gauge({ name: 'loads_running', help: 'Uploads under way', read: () => loads.running });
  metrics.gauge({ name: 'loads_waiting', help: 'Uploads that wait for a place', read: () => loads.waiting });
  metrics.gauge({ name: 'streams', help: 'Streams under way', read: () => streams.taken });
  metrics.gauge({ name: 'feeds', help: 'Followers of changes', read: () => feeds.taken });
  metrics.gauge({ name: 'sql_queries', help: 'Queries in SQL under way', read: () => sqlPlaces.taken });
  metrics.gauge({
    name: 'writes_waiting',
    help: 'Small writes that wait for the next commit',
    read: () => writes.waiting,
  });
  metrics.gauge({ name: 'analyses_running', help: 'Analyses under way or in line', read: () => analyses.running });
  metrics.gauge({
    name: 'analyses_kept_bytes',
    help: 'Bytes of results that are kept',
    read: () => analyses.keptBytes,
  });
  metrics.gauge({ name: 'pipeline_runs', help: 'Runs of pipelines under way', read: () => pipelines.running });
  metrics.gauge({ name: 'store_head', help: 'The newest sequence number', read: () => changes.head() });
  metrics.gauge({
    name: 'store_bytes',
    help: 'Size of the store',
    read: async () => (await maintenance.health()).bytes,
  });
}
