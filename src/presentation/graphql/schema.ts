import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema } from 'graphql';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { readOperations } from './dataset-operations.ts';

/** The schema of the datasets that are served. */
export function createSchema(datasets: readonly Dataset[], useCases: UseCases): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        datasets: {
          type: new GraphQLNonNull(GraphQLInt),
          description: 'How many datasets there are.',
          resolve: () => datasets.length,
        },
        ...Object.assign({}, ...datasets.map((dataset) => readOperations(dataset, useCases))),
      },
    }),
  });
}
