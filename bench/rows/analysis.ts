import * as aq from 'arquero';
import pl from 'nodejs-polars';
import { DatasetFolder } from '#adapters/described-files/dataset-folder.ts';
import { PROCESSORS } from '#adapters/processing/registry.ts';
import { openDuckDbEngine } from '#adapters/storage/duckdb/duckdb-engine.ts';
import { openWorkbench } from '#adapters/storage/registry.ts';
import { datasetColumns, datasetInput } from '#application/analysis/dataset-input.ts';
import { NEVER } from '#application/call.ts';
import type { Processor, ProcessorInput } from '#application/ports/processor.ts';
import { type Analysis, type OperationName, parseAnalysis } from '#domain/analysis/analysis.ts';
import { jsonFrom } from '#domain/record/json.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import type { BenchContext, BenchGroup } from '../context.ts';
import { alternate, timed } from '../harness/engine.ts';
import { type BenchServer, startServer } from '../harness/server.ts';
import { cost, type Measurement } from '../harness/table.ts';
import { flightsInBoth, someIds } from './flights.ts';
import { readsBeside } from './reads-beside.ts';

const GROUP = {
  by: [{ column: 'origin' }],
  measures: [
    { function: 'count' },
    { function: 'mean', column: 'delay' },
    { function: 'sum', column: 'distance' },
    { function: 'max', column: 'delay' },
  ],
};
const GROUP_SQL =
  'SELECT origin, count(*), avg(delay), sum(distance), max(delay) FROM t GROUP BY origin ORDER BY origin';
const SUMMARY_SQL = 'SUMMARIZE SELECT date, delay, distance, origin, destination FROM t';

/** Analyses by each processor, in this process, against its engine or library called directly. */
export const analyses: BenchGroup = {
  name: 'analysis',
  async run(context) {
    const { server, engine: limit, close } = await flightsInBoth(context, 'analysis');
    const beside = await readsBesideAnalyses(context, server, Object.keys(HEAVY), 'duckdb');
    await server.stop();
    for (const name of ['polars', 'arquero']) {
      const swapped = await startServer(context.path('analysis'), context.datasets, { DATA_PROCESSOR_ENGINE: name });
      beside.push(...(await readsBesideAnalyses(context, swapped, ['group'], name)));
      await swapped.stop();
    }
    const world = await openWorld(context);
    try {
      const said = `${context.tableRows / 1e6} M rows`;
      const measured = async (
        processor: Processor,
        operation: OperationName,
        parameters: object,
        direct: () => Promise<unknown>,
      ) => {
        const analysis = world.parse(operation, parameters);
        const ours = () => timed(() => drain(processor, analysis, world.input()));
        return alternate(context.rounds, ours, () => timed(direct));
      };
      const rows: Measurement[] = [];
      const { duckdb, polars, arquero } = world.processors;
      const group = await measured(duckdb, 'group', GROUP, () => limit.rows(GROUP_SQL));
      rows.push(cost(`group and aggregate, ${said}, duckdb`, group.ours, 'ms', group.limit, 'the SQL in-process', 0.8));
      const summary = await measured(duckdb, 'summary', {}, () => limit.rows(SUMMARY_SQL));
      rows.push(
        cost(`summary of every column, ${said}`, summary.ours, 'ms', summary.limit, 'SUMMARIZE in-process', 0.7),
      );
      const byPolars = await measured(polars, 'group', GROUP, async () => groupByPolars(await arrowOf(world.input())));
      rows.push(cost('  the same by polars', byPolars.ours, 'ms', byPolars.limit, 'polars on the same Arrow', 0.7));
      const byArquero = await measured(arquero, 'group', GROUP, async () =>
        groupByArquero(await arrowOf(world.input())),
      );
      rows.push(cost('  the same by arquero', byArquero.ours, 'ms', byArquero.limit, 'arquero on the same Arrow', 0.7));
      return [...rows, ...beside];
    } finally {
      await world.close();
      await close();
    }
  },
};

/** Analyses of all rows, each another, so that none is answered from what is kept. */
const HEAVY = {
  summary: {},
  group: {
    by: [{ column: 'origin' }, { column: 'destination' }],
    measures: ['median', 'distinct', 'sd'].map((name) => ({ function: name, column: 'delay' })),
  },
  outliers: { columns: ['delay'], method: 'mad', threshold: 50 },
};

async function readsBesideAnalyses(
  context: BenchContext,
  server: BenchServer,
  operations: readonly string[],
  processor: string,
): Promise<Measurement[]> {
  const ids = await someIds(server.url, 2000);
  const measurements: Measurement[] = [];
  for (const operation of operations) {
    const filters = [{ field: 'distance', operator: 'gt', value: 'NUMBER' }];
    const parameters = HEAVY[operation as keyof typeof HEAVY];
    const body = JSON.stringify({ dataset_id: 'flights', operation, parameters, filters, wait_ms: 60_000 });
    measurements.push(
      await readsBeside(context, server, ids, {
        what: `an analysis, ${operation} by ${processor}`,
        clients: 1,
        path: '/api/v1/analysis',
        body: body.replace('"NUMBER"', 'NUMBER'),
      }),
    );
  }
  return measurements;
}

async function openWorld(context: BenchContext) {
  const gate = { run: <T>(_signal: AbortSignal, work: () => Promise<T>) => work() };
  const shared = { memoryLimit: '4GB', threads: null, compilePattern: compileRe2, gate };
  const engine = await openDuckDbEngine({ dataDir: context.path('analysis'), ...shared });
  const workbench = await openWorkbench({ folder: context.path('scratch'), memoryBytes: 1e9, threads: 2, gate });
  const datasets = await new DatasetFolder(context.datasets, compileRe2).read();
  const flights = datasets.find(({ name }) => name === 'flights');
  if (flights === undefined) throw new Error('there are no flights');
  const options = {
    stored: engine.relations,
    loaded: workbench.relations,
    duckDbVersion: workbench.version,
    memoryBytes: 4e9,
    threads: 1,
  };
  const processors = {
    duckdb: await PROCESSORS.duckdb(options),
    polars: await PROCESSORS.polars(options),
    arquero: await PROCESSORS.arquero(options),
  };
  const columns = datasetColumns(flights);
  return {
    processors,
    parse: (operation: OperationName, parameters: object) =>
      parseAnalysis(operation, jsonFrom(parameters), { columns, others: [] }),
    input: () =>
      datasetInput(flights, null, { reader: engine.reader, maxBytes: 8e9, onRows: () => {}, onWait: () => {} }),
    close: async () => {
      for (const processor of Object.values(processors)) await processor.close();
      await workbench.close();
      await engine.maintenance.close();
    },
  };
}

async function drain(processor: Processor, analysis: Analysis, input: ProcessorInput): Promise<void> {
  const { batches } = await processor.compute({ analysis, input, other: null, signal: NEVER });
  for await (const _ of batches);
}

/** The columns that are needed, copied out of the engine, as an Arrow stream. */
async function arrowOf(input: ProcessorInput): Promise<Buffer> {
  const names = ['origin', 'delay', 'distance'];
  const schema = input.columns.filter(({ name }) => names.includes(name));
  const parts: Uint8Array[] = [];
  const read = input.read(
    schema.map(({ name }) => name),
    NEVER,
  );
  for await (const part of writeArrowStream(schema, read)) parts.push(part);
  return Buffer.concat(parts);
}

function groupByPolars(arrow: Buffer): number {
  const measures = [
    pl.len(),
    pl.col('delay').mean().alias('mean'),
    pl.col('distance').sum().alias('sum'),
    pl.col('delay').max().alias('max'),
  ];
  return pl
    .readIPCStream(arrow)
    .groupBy('origin')
    .agg(...measures)
    .sort('origin')
    .toRecords().length;
}

function groupByArquero(arrow: Buffer): number {
  const { op } = aq;
  const measures = { count: op.count(), mean: op.mean('delay'), sum: op.sum('distance'), max: op.max('delay') };
  return aq.fromArrow(arrow).groupby('origin').rollup(measures).orderby('origin').objects().length;
}
