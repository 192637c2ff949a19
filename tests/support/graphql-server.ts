import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GraphQLError } from 'graphql';
import { createSchema, createYoga } from 'graphql-yoga';

export interface GraphqlRow {
  readonly id: number;
  readonly name: string;
  readonly at: number;
}

const TYPES = `
  type Row { id: Int! name: String note: String at: Int! code: String! }
  type Edge { node: Row cursor: String! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type Connection { edges: [Edge] nodes: [Row] pageInfo: PageInfo! }
  type Query {
    connection(first: Int = 50, after: String, since: Int): Connection
    list(offset: Int = 0, limit: Int = 50, since: Int): [Row]
    secured: [Row]
  }
`;

/** A GraphQL server of the library that Data Forge's own stands on, with a schema that is none of ours. */
export class GraphqlServer {
  rows: readonly GraphqlRow[] = [];
  /** The rows some of whose members fail: `note`, which may be null, and `code`, which may not. */
  badNotes = new Set<number>();
  badCodes = new Set<number>();
  readonly #server = createServer(
    createYoga({
      schema: createSchema({ typeDefs: TYPES, resolvers: this.#resolvers() }),
      logging: false,
      landingPage: false,
    }),
  );

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/graphql`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #resolvers() {
    const since = (value: number | null | undefined) => this.rows.filter(({ at }) => at >= (value ?? 0));
    return {
      Row: {
        note: ({ id }: GraphqlRow) => this.#memberOf(id, this.badNotes, 'the note is away'),
        code: ({ id }: GraphqlRow) => this.#memberOf(id, this.badCodes, 'the code is away'),
      },
      Query: {
        connection: (_: unknown, asked: { first: number; after?: string; since?: number }) => {
          const all = since(asked.since);
          const start = asked.after === undefined || asked.after === null ? 0 : Number(atob(asked.after));
          const nodes = all.slice(start, start + asked.first);
          const edges = nodes.map((node, at) => ({ node, cursor: btoa(String(start + at + 1)) }));
          const hasNextPage = start + asked.first < all.length;
          return { edges, nodes, pageInfo: { hasNextPage, endCursor: edges.at(-1)?.cursor ?? null } };
        },
        list: (_: unknown, asked: { offset: number; limit: number; since?: number }) =>
          since(asked.since).slice(asked.offset, asked.offset + asked.limit),
        secured: () => {
          throw new GraphQLError('nobody may see this', { extensions: { code: 'FORBIDDEN' } });
        },
      },
    };
  }

  #memberOf(id: number, bad: ReadonlySet<number>, message: string): string {
    if (bad.has(id)) throw new GraphQLError(message);
    return `of ${id}`;
  }
}
