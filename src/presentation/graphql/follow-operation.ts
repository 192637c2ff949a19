import { GraphQLEnumType, type GraphQLInputObjectType, GraphQLInt, GraphQLNonNull, GraphQLObjectType } from 'graphql';
import type { FollowedPage } from '#application/records/follow-pages.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { JsonNumber, type JsonObject, parseJson, writeJson } from '#domain/record/json.ts';
import { endable } from './endable.ts';
import { fieldsOf, SEQUENCE } from './fields.ts';
import { filtersOf } from './filter-input.ts';
import { capitalName } from './names.ts';
import type { GraphqlContext, Operation } from './operation.ts';
import { recordReader } from './read-record.ts';
import { SCALARS, UUID } from './scalars.ts';

/** Milliseconds of silence after which an empty page comes from below; nothing of it is told. */
const HEARTBEAT = 60_000;

const wordsOf = (name: string, description: string, words: readonly string[]) =>
  new GraphQLEnumType({
    name,
    description,
    values: Object.fromEntries(words.map((word) => [word.toUpperCase(), { value: word }])),
  });
const OPERATION = wordsOf('ChangeOperation', 'What happened to a record.', ['create', 'update', 'delete']);
const EVENT = wordsOf('ChangeEvent', 'What a change is to those who see the records of a filter.', [
  'enter',
  'change',
  'leave',
]);

/** `follow…` of `Subscription`: the changes of a dataset, of all its records or of those of a filter. */
export function followOperation(
  dataset: Dataset,
  filter: GraphQLInputObjectType,
  useCases: UseCases,
): Readonly<Record<string, Operation>> {
  const name = capitalName(dataset.name);
  const schema = dataset.name;
  const fields = fieldsOf(dataset);
  const properties = fields.filter(({ kind }) => kind === 'property');
  const byName = new Map([...fields, SEQUENCE].map((field) => [field.graphql, field]));
  const read = recordReader(properties);
  const data = new GraphQLObjectType({
    name: `${name}Data`,
    fields: Object.fromEntries(
      properties.map(({ graphql, type, description }) => [graphql, { type: SCALARS[type], description }]),
    ),
  });
  const change = new GraphQLObjectType({
    name: `${name}Change`,
    fields: {
      seq: { type: new GraphQLNonNull(SCALARS.BIGINT), description: 'What `since` takes for the changes behind it.' },
      event: { type: new GraphQLNonNull(EVENT) },
      operation: { type: new GraphQLNonNull(OPERATION) },
      id: { type: new GraphQLNonNull(UUID) },
      version: { type: new GraphQLNonNull(GraphQLInt) },
      changedAt: { type: new GraphQLNonNull(SCALARS.TIMESTAMP) },
      data: { type: data, description: 'Null for a record that was deleted.' },
    },
  });
  const fieldName = `follow${name}`;
  return {
    [fieldName]: {
      description: `Every change of the dataset "${schema}", once and in order, from now on or behind a number.`,
      type: new GraphQLNonNull(change),
      args: {
        filter: { type: filter, description: 'Only records that match, and those that cease to.' },
        since: { type: SCALARS.BIGINT },
      },
      subscribe: async (_, args, context: GraphqlContext) => {
        const since = args.since instanceof JsonNumber ? Number(args.since.text) : null;
        const request = { schema, since, filters: filtersOf(args.filter, byName), heartbeat: HEARTBEAT };
        const call = context.call();
        const ending = new AbortController();
        const signal = AbortSignal.any([call.signal, ending.signal]);
        const { pages } = await useCases.followChanges(request, { ...call, signal });
        return endable(eachChange(pages), ending);
      },
      resolve: (told) => told,
    },
  };

  /** Each change by the names GraphQL has for it. */
  async function* eachChange(pages: AsyncIterable<FollowedPage>): AsyncGenerator<object> {
    for await (const { changes } of pages) {
      for (const { json, event } of changes) {
        const { seq, op, id, version, changed_at: changedAt } = JSON.parse(json) as Record<string, unknown>;
        const given = (parseJson(json) as JsonObject).get('data') ?? null;
        const shown = given === null ? null : read(`{"data":${writeJson(given)}}`);
        yield { seq, event, operation: op, id, version, changedAt, data: shown };
      }
    }
  }
}
