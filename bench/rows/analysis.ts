import * as aq from 'arquero';
import pl from 'nodejs-polars';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import type { BenchContext, BenchGroup } from '../context.ts';
import { copyBatches } from '../harness/copy-batches.ts';
import { alternate, type BenchEngine, timed } from '../harness/engine.ts';
import { type BenchServer, startServer } from '../harness/server.ts';
import { cost, figure, type Measurement } from '../harness/table.ts';
import { flightsInBoth } from './flights.ts';
import { CREATE_FLIGHT } from './one-flight.ts';

const MEASURES = [
  { function: 'count' },
  { function: 'mean', column: 'delay' },
  { function: 'sd', column: 'delay' },
  { function: 'max', column: 'distance' },
];
const GROUP = {
  dataset_id: 'flights',
  operation: 'group',
  parameters: { by: [{ column: 'origin' }], measures: MEASURES },
};
const SAME_IN_SQL =
  'SELECT origin, count(*), avg(delay), stddev_samp(delay), max(distance) FROM t GROUP BY origin ORDER BY origin';
const QUICK_SUMMARY = { approximate: true, top: 0, bins: 0 };

/** Analyses over REST, against the engine and the libraries in this process. */
export const analysis: BenchGroup = {
  name: 'analysis',
  async run(context) {
    const { server, engine, close } = await flightsInBoth(context, 'analysis');
    const measurements: Measurement[] = [];
    try {
      measurements.push(
        await grouped(context, server, 'DuckDB', () => engine.rows(SAME_IN_SQL), 'the SQL in-process', 0.8),
      );
      const summary = await alternate(
        context.rounds,
        () => analyse(server, { dataset_id: 'flights', operation: 'summary', parameters: QUICK_SUMMARY }),
        () => timed(() => engine.rows('SUMMARIZE SELECT date, delay, distance, origin, destination FROM t')),
      );
      measurements.push(
        cost('summary of every column', summary.ours, 'ms', summary.limit, 'SUMMARIZE in-process', 0.7),
      );
      const whole = await analyse(server, { dataset_id: 'flights', operation: 'summary', parameters: {} });
      measurements.push(figure('  exact, with top values and histograms', whole, 'ms'));
      await server.stop();
      for (const [name, library] of Object.entries(LIBRARIES)) {
        const settings = { DATA_PROCESSOR_ENGINE: name.toLowerCase() };
        const other = await startServer(context.path('analysis'), context.datasets, settings);
        try {
          const limit = async () => library(await arrowOf(engine));
          measurements.push(await grouped(context, other, name, limit, 'the library, rows copied out', 0.7));
        } finally {
          await other.stop();
        }
      }
      return measurements;
    } finally {
      await close();
    }
  },
};

/** The same group and measures by each library, called directly. */
const LIBRARIES: Readonly<Record<string, (arrow: Buffer) => unknown>> = {
  Polars: (arrow) =>
    pl
      .readIPCStream(arrow)
      .groupBy(['origin'])
      .agg(
        pl.len().alias('count'),
        pl.col('delay').mean().alias('mean'),
        pl.col('delay').std().alias('sd'),
        pl.col('distance').max().alias('max'),
      )
      .toRecords(),
  Arquero: (arrow) =>
    aq
      .fromArrow(arrow)
      .groupby('origin')
      .rollup({
        count: 'd => op.count()',
        mean: 'd => op.mean(d.delay)',
        sd: 'd => op.stdev(d.delay)',
        max: 'd => op.max(d.distance)',
      })
      .objects(),
};

async function grouped(
  context: BenchContext,
  server: BenchServer,
  name: string,
  limit: () => Promise<unknown>,
  against: string,
  least: number,
): Promise<Measurement> {
  const times = await alternate(
    context.rounds,
    () => analyse(server, GROUP),
    () => timed(limit),
  );
  return cost(`group and aggregate, ${name}`, times.ours, 'ms', times.limit, against, least);
}

const READ: readonly ColumnSchema[] = (
  [
    ['delay', { name: 'BIGINT' }],
    ['distance', { name: 'BIGINT' }],
    ['origin', { name: 'VARCHAR' }],
  ] as const satisfies readonly (readonly [string, DbType])[]
).map(([name, dbType]) => ({ name, dbType, nullable: true }));

async function arrowOf({ connection }: BenchEngine): Promise<Buffer> {
  const types = READ.map(({ dbType }) => dbType);
  const batches = copyBatches(connection, `SELECT ${READ.map(({ name }) => name).join(', ')} FROM t`, types);
  const parts: Uint8Array[] = [];
  for await (const part of writeArrowStream(READ, batches)) parts.push(part);
  return Buffer.concat(parts);
}

/** A result is kept until its rows move, so a row is added first; resolves with the milliseconds until the answer was read. */
async function analyse(server: BenchServer, body: object): Promise<number> {
  await post(server, '/records', CREATE_FLIGHT);
  return timed(() => post(server, '/analysis', JSON.stringify({ ...body, wait_ms: 60_000 })));
}

async function post({ url }: BenchServer, path: string, body: string): Promise<void> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  if (!response.ok || response.status === 202) throw new Error(`${path} answered ${response.status}: ${text}`);
}
