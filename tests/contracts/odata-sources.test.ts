import { afterAll, beforeAll } from 'vitest';
import { odataSource } from '#adapters/sources/odata/odata-source.ts';
import { FAULTS, FaultyProxy } from '../support/faulty-proxy.ts';
import { ODATA_USER, type ODataServer, startODataServer } from '../support/odata-server.ts';
import { TrackedOData } from '../support/tracked-odata.ts';
import { type SourceFixture, sourceContract } from './source.ts';

const PAGE = 50;
let server: ODataServer;

beforeAll(async () => {
  server = await startODataServer(PAGE);
});

afterAll(() => server.close());

/** Wells with some time each, several of which share one where `sharing` is more than one. */
function wellsAt(sharing: number) {
  return async (): Promise<SourceFixture> => {
    const proxy = new FaultyProxy(server.url);
    await proxy.start();
    let pages = Number.POSITIVE_INFINITY;
    proxy.fault = () => (pages-- === 0 ? FAULTS['half a body'] : null);
    const timeOf = (id: number) => new Date(Date.UTC(2024, 0, 1) + Math.floor(id / sharing) * 1500).toISOString();
    const idFrom = (id: number) => Math.floor(id / sharing) * sharing;
    return {
      options: {
        url: proxy.url,
        entity: 'Wells',
        select: ['id', 'name', 'at', 'price'],
        auth: { kind: 'basic', user: ODATA_USER.user, password: { secret: 'PASSWORD' } },
        incremental: { field: 'at' },
      },
      window: { from: timeOf(120), to: timeOf(360), ids: [idFrom(120), idFrom(360) - 1] },
      async fill(ids) {
        const wells = ids.map((id) => ({
          id,
          name: `the name of well ${id}`,
          price: `${id}.5000`,
          at: timeOf(id),
        }));
        await server.fill(wells);
      },
      async failOnce() {
        pages = 5;
      },
      close: () => proxy.close(),
    };
  };
}

/** Things of a service that tells what has changed. */
function trackedThings(version: '4.0' | '4.01') {
  return async (): Promise<SourceFixture> => {
    const service = new TrackedOData({ pageSize: PAGE, version });
    await service.start();
    let known: readonly number[] = [];
    return {
      options: { url: `${service.url}/`, entity: 'Things', delta: { removed_field: 'removed' } },
      async fill(ids) {
        service.remove(...known.filter((id) => !ids.includes(id)));
        service.put(...ids.map((id) => ({ id, name: `the name of thing ${id}` })));
        known = ids;
      },
      async failOnce() {
        let pages = 5;
        service.interrupt = (_request, response) => {
          if (pages-- !== 0) return false;
          response.destroy();
          return true;
        };
      },
      close: () => service.close(),
    };
  };
}

const secrets = { PASSWORD: ODATA_USER.password };
const source = odataSource;
sourceContract('odata: incremental, a time for each row', { source, open: wellsAt(1), secrets });
sourceContract('odata: incremental, rows with one time over the ends of pages', { source, open: wellsAt(7), secrets });
sourceContract('odata: incremental, more rows with one time than a page has', { source, open: wellsAt(120), secrets });
sourceContract('odata 4.01: delta links', { source, open: trackedThings('4.01') });
sourceContract('odata 4.0: delta links', { source, open: trackedThings('4.0') });
