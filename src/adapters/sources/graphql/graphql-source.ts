import { cutBatches } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { readAhead } from '../shared/read-ahead.ts';
import { GRAPHQL_OPTIONS } from './graphql-options.ts';
import { GraphqlReader } from './graphql-reader.ts';

/** Lists and connections that a GraphQL query gives, page by page. */
export const graphqlSource = defineSource({
  kind: 'graphql',
  description: 'A list or a connection of a GraphQL query',
  options: GRAPHQL_OPTIONS,
  open: (options, opening) =>
    cutBatches(readAhead(new GraphqlReader(options, opening).pieces(), opening.batch.bytes), opening, 'is stored'),
  windowField: ({ incremental }) => incremental?.field ?? null,
  survey: async (request, opening) => (await import('./graphql-survey.ts')).surveyGraphql(request, opening),
});
