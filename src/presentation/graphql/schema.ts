import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema } from 'graphql';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { analysisOperations } from './analysis-operations.ts';
import { readOperations } from './dataset-operations.ts';
import { recordType } from './dataset-types.ts';
import { fieldsOf, SEQUENCE } from './fields.ts';
import { filterInput } from './filter-input.ts';
import { followOperation } from './follow-operation.ts';
import { capitalName } from './names.ts';
import { pipelineOperations } from './pipeline-operations.ts';
import { writeOperations } from './write-operations.ts';

/** The schema of the datasets that are served. */
export function createSchema(datasets: readonly Dataset[], useCases: UseCases): GraphQLSchema {
  const parts = datasets.map((dataset) => {
    const record = recordType(dataset);
    const filter = filterInput(`${capitalName(dataset.name)}Filter`, [...fieldsOf(dataset), SEQUENCE]);
    return {
      read: readOperations(dataset, record, filter, useCases),
      write: dataset.system ? {} : writeOperations(dataset, record, filter, useCases),
      follow: followOperation(dataset, filter, useCases),
    };
  });
  const analysis = analysisOperations(useCases);
  const pipelines = pipelineOperations(useCases);
  const rootOf = (name: string, fields: readonly object[]) =>
    fields.length === 0 ? null : new GraphQLObjectType({ name, fields: Object.assign({}, ...fields) });
  return new GraphQLSchema({
    mutation: rootOf('Mutation', [...parts.map(({ write }) => write), analysis.mutation, pipelines.mutation]),
    subscription: rootOf('Subscription', [...parts.map(({ follow }) => follow), pipelines.subscription]),
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        datasets: {
          type: new GraphQLNonNull(GraphQLInt),
          description: 'How many datasets there are.',
          resolve: () => datasets.length,
        },
        ...analysis.query,
        ...pipelines.query,
        ...Object.assign({}, ...parts.map(({ read }) => read)),
      },
    }),
  });
}
