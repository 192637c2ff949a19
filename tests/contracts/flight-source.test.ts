import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { flightSource } from '#adapters/sources/flight/flight-source.ts';
import { ndjson } from '../e2e/pipelines/support/row-source.ts';
import { startServer } from '../e2e/rest/support/server.ts';
import { BreakingProxy } from '../support/breaking-proxy.ts';
import { ROAPI_MISSING, Roapi } from '../support/roapi.ts';
import { type SourceFixture, sourceContract } from './source.ts';

const row = (id: number) => ({ id, name: `the name of row ${id}`, at: Math.floor(id / 10) });
const WINDOW = { from: '10', to: '30', ids: [100, 299] } as const;
const DATASET =
  'name: orders\nproperties:\n' +
  '  - {name: id, type: integer}\n  - {name: name, type: string}\n  - {name: at, type: integer}\n';

/** Another Data Forge, behind a place where its connections can be broken. */
function dataForge(options: object) {
  return async (): Promise<SourceFixture> => {
    const server = await startServer('duckdb', { files: { 'orders.yaml': DATASET } });
    const proxy = await BreakingProxy.start(Number(new URL(server.app.flightAddress ?? '').port));
    let known: readonly number[] = [];
    return {
      options: { url: `grpc://127.0.0.1:${proxy.port}`, ...options },
      window: WINDOW,
      async fill(ids) {
        const filters = encodeURIComponent('[{"field":"id","operator":"gte","value":0}]');
        const isMore = known.length > 0 && known.every((id, at) => ids[at] === id);
        if (!isMore) await server.call('DELETE', `/records/orders?filters=${filters}`);
        const headers = { 'content-type': 'application/x-ndjson' };
        const added = isMore ? ids.slice(known.length) : ids;
        if (added.length > 0)
          await server.call('POST', '/records/orders/bulk', { headers, body: ndjson(added.map(row)) });
        known = ids;
      },
      async failOnce() {
        proxy.breakAfter(8000);
      },
      async close() {
        await proxy.close();
        await server.close();
      },
    };
  };
}

const query = 'SELECT id, name, "at" FROM orders';
const commanded = {
  command:
    '{"dataset": "orders", "filters": [{"field": "at", "operator": "gte", "value": {since}}], "sort": [{"field": "at", "order": "asc"}]}',
};

sourceContract('flight: a SELECT of Data Forge', {
  source: flightSource,
  open: dataForge({ query, incremental: { column: 'at' } }),
});
sourceContract('flight: a SELECT of Data Forge with a parameter', {
  source: flightSource,
  open: dataForge({ query, incremental: { column: 'at', by: 'parameter' } }),
});
sourceContract('flight: a sorted SELECT of Data Forge with two parameters of its own', {
  source: flightSource,
  open: dataForge({
    query: `${query} WHERE "at" > {since} OR "at" = {since} ORDER BY "at"`,
    incremental: { column: 'at', start: '0', by: 'parameter' },
  }),
});
sourceContract('flight: a command of Data Forge', {
  source: flightSource,
  open: dataForge({ ...commanded, incremental: { column: 'at', start: '0' } }),
});
sourceContract('flight: a ticket of Data Forge', {
  source: flightSource,
  open: dataForge({ ticket: commanded.command, incremental: { column: 'at', start: '0' } }),
});

describe.skipIf(ROAPI_MISSING !== null)(`ROAPI ${ROAPI_MISSING ?? ''}`, () => {
  sourceContract('flight: a SELECT of a server that is not ours', {
    source: flightSource,
    async open(folder) {
      const file = join(folder, 'orders.ndjson');
      const roapi = await Roapi.prepare([`orders=${file}`]);
      const proxy = await BreakingProxy.start(roapi.port);
      return {
        options: { url: `grpc://127.0.0.1:${proxy.port}`, query, incremental: { column: 'at' } },
        window: WINDOW,
        async fill(ids) {
          await writeFile(file, ndjson(ids.map(row)));
          await roapi.restart();
        },
        async failOnce() {
          proxy.breakAfter(8000);
        },
        async close() {
          await proxy.close();
          await roapi.stop();
        },
      };
    },
  });
});
