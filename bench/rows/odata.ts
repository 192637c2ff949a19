import { mkdirSync, writeFileSync } from 'node:fs';
import { ODATA_USER, type ODataServer, startODataServer } from '../../tests/support/odata-server.ts';
import type { BenchContext, BenchGroup } from '../context.ts';
import { alternate, timed } from '../harness/engine.ts';
import { runPipeline } from '../harness/pipeline.ts';
import { startServer } from '../harness/server.ts';
import { type Measurement, rate } from '../harness/table.ts';

const DATASET = {
  name: 'wells',
  properties: [
    { name: 'id', type: 'integer' },
    { name: 'name', type: 'string' },
    { name: 'price', type: 'number', db_type: 'DECIMAL(18,4)' },
    { name: 'at', type: 'string', db_type: 'TIMESTAMP' },
    { name: 'day', type: 'string', db_type: 'DATE' },
    { name: 'total', type: 'integer' },
    { name: 'open', type: 'boolean' },
    { name: 'rate', type: 'number' },
  ],
};
const COLUMNS = DATASET.properties.map(({ name }) => name);

/** A pipeline from a real OData service, against fetching the same pages and doing nothing with them. */
export const odata: BenchGroup = {
  name: 'odata',
  async run(context) {
    const [pages, pageRows] = context.quick ? [10, 500] : [100, 5000];
    const service = await startODataServer(pageRows);
    try {
      await service.fill(Array.from({ length: pages * pageRows }, (_, at) => well(at)));
      return [await fromPages(context, service, pages, pageRows)];
    } finally {
      await service.close();
    }
  },
};

async function fromPages(
  context: BenchContext,
  service: ODataServer,
  pages: number,
  pageRows: number,
): Promise<Measurement> {
  const [datasets, folder] = [context.path('odata-datasets'), context.path('odata-pipelines')];
  for (const path of [datasets, folder]) mkdirSync(path);
  writeFileSync(`${datasets}/wells.json`, JSON.stringify(DATASET));
  const auth = { kind: 'basic', user: ODATA_USER.user, password: { secret: 'PASSWORD' } };
  const source = { kind: 'odata', url: service.url, entity: 'Wells', select: COLUMNS, auth };
  writeFileSync(`${folder}/wells.json`, JSON.stringify({ name: 'wells', source, target: { dataset: 'wells' } }));
  const settings = { PIPELINES_DIR: folder, FORGE_SECRET_PASSWORD: ODATA_USER.password };
  const server = await startServer(context.path('odata-store'), datasets, settings);
  try {
    const times = await alternate(
      context.rounds,
      () => timed(() => runPipeline(server.url, 'wells')),
      () => timed(() => fetchAll(service.url)),
    );
    const perSecond = (milliseconds: number) => ((pages * pageRows) / milliseconds) * 1000;
    const work = `OData source, ${pages} pages of ${pageRows} rows`;
    return rate(work, perSecond(times.ours), 'rows/s', perSecond(times.limit), 'fetching the pages', 0.7);
  } finally {
    await server.stop();
  }
}

/** Fetches the same pages, as the source asks for them, one after the other; of each only the address of the next is looked for. */
async function fetchAll(service: string): Promise<void> {
  const headers = {
    authorization: `Basic ${btoa(`${ODATA_USER.user}:${ODATA_USER.password}`)}`,
    accept: 'application/json;odata.metadata=minimal;IEEE754Compatible=true',
    'odata-maxversion': '4.01',
  };
  for (let url: URL | null = new URL(`${service}/Wells?$select=${COLUMNS.join(',')}`); url !== null; ) {
    const body: Buffer = Buffer.from(await (await fetch(url, { headers })).arrayBuffer());
    const next: string | undefined = /"@odata.nextLink":"([^"]+)"/.exec(body.toString('latin1', 0, 2000))?.[1];
    url = next === undefined ? null : new URL(next, url);
  }
}

function well(at: number): object {
  return {
    id: at,
    name: `Well ${at % 5000}`,
    price: `${at % 100}.2500`,
    at: new Date(Date.UTC(2024, 0, 1) + at * 1000).toISOString(),
    day: '2024-01-31',
    total: at * 1000,
    open: at % 2 === 0,
    rate: at / 7,
  };
}
