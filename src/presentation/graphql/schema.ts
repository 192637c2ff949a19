import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema } from 'graphql';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { readOperations } from './dataset-operations.ts';
import { recordType } from './dataset-types.ts';
import { writeOperations } from './write-operations.ts';

/** The schema of the datasets that are served. */
export function createSchema(datasets: readonly Dataset[], useCases: UseCases): GraphQLSchema {
  const parts = datasets.map((dataset) => {
    const record = recordType(dataset);
    return { read: readOperations(dataset, record, useCases), write: writeOperations(dataset, record, useCases) };
  });
  const mutations = Object.assign({}, ...parts.map(({ write }) => write));
  return new GraphQLSchema({
    mutation: datasets.length === 0 ? null : new GraphQLObjectType({ name: 'Mutation', fields: mutations }),
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        datasets: {
          type: new GraphQLNonNull(GraphQLInt),
          description: 'How many datasets there are.',
          resolve: () => datasets.length,
        },
        ...Object.assign({}, ...parts.map(({ read }) => read)),
      },
    }),
  });
}
