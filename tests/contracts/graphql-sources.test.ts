import { graphqlSource } from '#adapters/sources/graphql/graphql-source.ts';
import { FAULTS, FaultyProxy } from '../support/faulty-proxy.ts';
import { GraphqlServer } from '../support/graphql-server.ts';
import { type SourceFixture, sourceContract } from './source.ts';

/** Rows of a server, one of whose answers can be made to break off. */
function asked(options: Readonly<Record<string, unknown>>) {
  return async (): Promise<SourceFixture> => {
    const server = new GraphqlServer();
    await server.start();
    const proxy = new FaultyProxy(server.url);
    await proxy.start();
    let pages = Number.POSITIVE_INFINITY;
    proxy.fault = () => (pages-- === 0 ? FAULTS['half a body'] : null);
    return {
      options: { url: proxy.url, incremental: { field: 'at', variable: 'since' }, ...options },
      window: { from: '40', to: '100', ids: [120, 299] },
      async fill(ids) {
        server.rows = ids.map((id) => ({ id, name: `the name of row ${id}`, at: Math.floor(id / 3) }));
      },
      async failOnce() {
        pages = 'paging' in options ? 4 : 0;
      },
      async close() {
        await proxy.close();
        await server.close();
      },
    };
  };
}

const CONNECTION =
  'query ($after: String, $since: Int, $first: Int) { connection(after: $after, since: $since, first: $first)';
const source = graphqlSource;

sourceContract('graphql: edges of a connection', {
  source,
  open: asked({
    query: `${CONNECTION} { edges { node { id name at } } pageInfo { hasNextPage endCursor } } }`,
    paging: { kind: 'relay', connection: 'connection', size: 40 },
  }),
});
sourceContract('graphql: nodes of a connection', {
  source,
  open: asked({
    query: `${CONNECTION} { pageInfo { hasNextPage endCursor } nodes { id name at } } }`,
    variables: { first: 60 },
    paging: { kind: 'relay', connection: 'connection' },
  }),
});
sourceContract('graphql: offset', {
  source,
  open: asked({
    query:
      'query Rows($skip: Int, $take: Int, $since: Int) { list(offset: $skip, limit: $take, since: $since) { id name at } } query Other { secured { id } }',
    operation: 'Rows',
    records: 'list',
    paging: { kind: 'offset', variable: 'skip', limit_variable: 'take', limit: 45 },
  }),
});
sourceContract('graphql: one list', {
  source,
  open: asked({
    query: 'query ($since: Int) { rows: list(limit: 100000, since: $since) { id name at } }',
    records: 'rows',
  }),
});
