import type { BenchGroup } from '../context.ts';
import { runLoad } from '../harness/load.ts';
import { type Measurement, rate } from '../harness/table.ts';
import { flightsInBoth } from './flights.ts';

const ROWS = 1000;
const REST = JSON.stringify({ size: ROWS });
const GRAPHQL = JSON.stringify({
  query: `{ listFlights(size: ${ROWS}) { items { date delay distance origin destination } } }`,
});

/** A list over GraphQL beside the REST page of the same records. */
export const graphqlReads: BenchGroup = {
  name: 'graphql',
  async run(context): Promise<Measurement[]> {
    const { server, close } = await flightsInBoth(context, 'graphql');
    const load = (path: string, body: string) =>
      runLoad(server.url, 1, context.loadMilliseconds, () => ({ method: 'POST', path, body }));
    const page = () => load('/api/v1/records/flights/query', REST);
    const list = () => load('/graphql', GRAPHQL);
    try {
      await page();
      await list();
      const rest = await page();
      const graphql = await list();
      return [
        rate(
          `GraphQL list of ${ROWS} rows x 5 columns`,
          graphql.perSecond,
          'lists/s',
          rest.perSecond,
          'the REST page',
          0.4,
        ),
      ];
    } finally {
      await close();
    }
  },
};
