import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatasetFolder } from '#adapters/described-files/dataset-folder.ts';
import { DatasetFileGrowth } from '#adapters/described-files/dataset-growth.ts';
import { PipelineFolder } from '#adapters/described-files/pipeline-folder.ts';
import { FlightBatchStore } from '#adapters/server/flight-batch-store.ts';
import { JsonBatchStore } from '#adapters/server/json-batch-store.ts';
import { ServerClient } from '#adapters/server/server-client.ts';
import { SOURCES } from '#adapters/sources/registry.ts';
import { systemCall } from '#application/call.ts';
import { synchroniseDatasets } from '#application/datasets/commands/synchronise-datasets.ts';
import { DatasetCatalog } from '#application/datasets/dataset-catalog.ts';
import { LocalBatchStore } from '#application/pipelines/local-batch-store.ts';
import { requireRows } from '#application/pipelines/pipeline-catalog.ts';
import type { BatchStore } from '#application/ports/batch-store.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { PIPELINE_DATASETS, startPipelineServer } from '../../e2e/pipelines/support/pipeline-server.ts';
import type { TestServerOptions } from '../../e2e/rest/support/server.ts';
import { textOf } from '../../support/bytes.ts';
import { openTemporaryDuckDb } from '../../support/duckdb-engine.ts';
import type { OpenedBatchStore } from './batch-store.ts';

const ID = '  - {name: id, type: integer, required: true}\n';

export const DATASETS: Readonly<Record<string, string>> = {
  ...PIPELINE_DATASETS,
  'growing.yaml': `name: growing\nproperties:\n${ID}  - {name: name, type: string}\n`,
};

const TARGETS: Readonly<Record<string, object>> = {
  log: { dataset: 'log' },
  aside: { dataset: 'log', contract: 'quarantine', quarantine: 'set_aside' },
  growing: { dataset: 'growing', contract: 'evolve' },
  items: { dataset: 'items', mode: 'upsert' },
  whole: { dataset: 'items', mode: 'replace' },
};

/** Pipeline files by name, of these targets. */
export function pipelineFiles(targets: Readonly<Record<string, object>> = TARGETS): Record<string, string> {
  const files = Object.entries(targets).map(([name, target]) => {
    const pipeline = { name, source: { kind: 'files', path: 'none/*.ndjson' }, target };
    return [`${name}.json`, JSON.stringify(pipeline)];
  });
  return Object.fromEntries(files);
}

/** The pipelines of a folder by name. */
export async function readPipelines(folder: string): Promise<(name: string) => RowPipeline> {
  const pipelines = await new PipelineFolder(folder, SOURCES).read();
  return (name) => {
    const found = pipelines.find((pipeline) => pipeline.name === name);
    if (found === undefined) throw new Error(`no pipeline ${name}`);
    return requireRows(found);
  };
}

/** The store of this process, on DuckDB. */
export async function openLocal(datasets = DATASETS, pipelines = pipelineFiles()): Promise<OpenedBatchStore> {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-batches-'));
  await writeAll(join(folder, 'datasets'), datasets);
  await writeAll(join(folder, 'pipelines'), pipelines);
  const { engine, dispose } = await openTemporaryDuckDb();
  const catalog = new DatasetCatalog(compileRe2);
  const source = new DatasetFolder(join(folder, 'datasets'), compileRe2);
  const telemetry = { ran: () => {}, warn: () => {}, note: () => {} };
  const synchronise = synchroniseDatasets({ source, store: engine.datasets, catalog, telemetry });
  const takeOver = async () => void (await synchronise({ whenIncompatible: 'refuse' }, systemCall()));
  await takeOver();
  const store = new LocalBatchStore({
    catalog,
    writer: engine.writer,
    loader: engine.loader,
    loads: { run: (_signal, work) => work() },
    growth: new DatasetFileGrowth(join(folder, 'datasets')),
    synchronise: takeOver,
  });
  return {
    store,
    pipeline: await readPipelines(join(folder, 'pipelines')),
    async stored(name) {
      const query = { dataset: catalog.get(name).dataset, filter: null, sort: [], fields: null, limit: null };
      const options = { at: null, signal: new AbortController().signal };
      return linesOf(await textOf(engine.reader.stream(query, 'ndjson-flat', options)));
    },
    async dispose() {
      await dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface ConnectedStore {
  readonly store: BatchStore;
  readonly close: () => void;
}

/** The roads of a worker to its server. */
export const ROADS = {
  flight: (url: string, flightUrl: string | null = null): ConnectedStore => {
    const store = new FlightBatchStore(new ServerClient({ url, token: null }), flightUrl);
    return { store, close: () => store.close() };
  },
  json: (url: string): ConnectedStore => ({
    store: new JsonBatchStore(new ServerClient({ url, token: null })),
    close: () => {},
  }),
} as const;

/** The store of a server elsewhere: a real one, in this process, by one of the roads. */
export async function openOverServer(
  road: keyof typeof ROADS,
  {
    files = DATASETS,
    pipelines = pipelineFiles(),
    env = {},
  }: TestServerOptions & { pipelines?: Record<string, string> } = {},
): Promise<OpenedBatchStore> {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-batches-'));
  const server = await startPipelineServer('duckdb', folder, pipelines, { files, env });
  const { store, close } = ROADS[road](server.url);
  return {
    store,
    pipeline: await readPipelines(folder),
    stored: (name) => storedAt(server.url, name),
    async dispose() {
      close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a server has of a dataset, as `OpenedBatchStore.stored`. */
export async function storedAt(url: string, dataset: string): Promise<readonly string[]> {
  const sort = encodeURIComponent('[{"field":"_seq"}]');
  const response = await fetch(`${url}/api/v1/records/${dataset}/stream?shape=flat&sort=${sort}`);
  return linesOf(await response.text());
}

export async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
