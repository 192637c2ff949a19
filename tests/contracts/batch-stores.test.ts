import { FlightBatchStore } from '#adapters/server/flight-batch-store.ts';
import { JsonBatchStore } from '#adapters/server/json-batch-store.ts';
import { ServerClient } from '#adapters/server/server-client.ts';
import type { TestServer } from '../e2e/rest/support/server.ts';
import { describeBatchStore } from './batch-store/batch-store.ts';
import { openLocal, openOverServer } from './batch-store/fixture.ts';

const overFlight = ({ url }: TestServer) => {
  const store = new FlightBatchStore(new ServerClient({ url, token: null }), null);
  return { store, close: () => store.close() };
};
const overJson = ({ url }: TestServer) => ({
  store: new JsonBatchStore(new ServerClient({ url, token: null })),
  close: () => {},
});

describeBatchStore('the store of this process', () => openLocal());
describeBatchStore('the store of a server over Flight', () => openOverServer(overFlight));
describeBatchStore('the store of a server over JSON', () => openOverServer(overJson));
