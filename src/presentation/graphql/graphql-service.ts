import type { Call } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import { graphqlOverHttp } from './graphql-over-http.ts';
import { type GraphqlSocketOptions, GraphqlSockets } from './graphql-sockets.ts';
import type { GraphqlLimits } from './limits.ts';
import { prepareOperation } from './prepare-operation.ts';
import { SchemaKeeper } from './schema-keeper.ts';

export interface GraphqlServiceOptions {
  readonly useCases: UseCases;
  /** Changes with each new set of datasets. */
  readonly revision: () => number;
  readonly limits: GraphqlLimits & { readonly maxJsonBytes: number };
  readonly sockets: Omit<GraphqlSocketOptions, 'prepare'>;
}

/** All that needs the library of GraphQL. */
export class GraphqlService {
  readonly answer: ReturnType<typeof graphqlOverHttp>;
  readonly sockets: GraphqlSockets;

  constructor({ useCases, revision, limits, sockets }: GraphqlServiceOptions) {
    const schemas = new SchemaKeeper(useCases, revision);
    this.answer = graphqlOverHttp(schemas, limits);
    this.sockets = new GraphqlSockets({
      ...sockets,
      prepare: (payload, call: Call) => prepareOperation(schemas, limits, payload, call),
    });
  }
}
