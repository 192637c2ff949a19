import type { GraphQLFieldConfig } from 'graphql';
import type { Call } from '#application/call.ts';

/** What a resolver is given besides its arguments: a call of its own for each field of the root. */
export interface GraphqlContext {
  readonly call: () => Call;
}

export type Arguments = Readonly<Record<string, unknown>>;

/** A field of the root. */
export type Operation = GraphQLFieldConfig<unknown, GraphqlContext, Arguments>;
