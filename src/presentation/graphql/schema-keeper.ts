import type { GraphQLSchema } from 'graphql';
import type { Call } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import { createSchema } from './schema.ts';

/** The schema of the datasets that are served, made again when they change. */
export class SchemaKeeper {
  readonly #useCases: UseCases;
  readonly #revision: () => number;
  #kept: { readonly revision: number; readonly schema: GraphQLSchema } | null = null;

  /** @param revision changes with each new set of datasets */
  constructor(useCases: UseCases, revision: () => number) {
    this.#useCases = useCases;
    this.#revision = revision;
  }

  async current(call: Call): Promise<GraphQLSchema> {
    const revision = this.#revision();
    if (this.#kept?.revision === revision) return this.#kept.schema;
    const schema = createSchema(await this.#useCases.listDatasets({}, call), this.#useCases);
    this.#kept = { revision, schema };
    return schema;
  }
}
