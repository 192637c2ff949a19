import {
  type GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLObjectType,
  GraphQLString,
} from 'graphql';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import { aggregateOperation } from './aggregate-operation.ts';
import { keyText, namesOf, number, orNull, sortOf, text } from './arguments.ts';
import { connectionType, orderInput, pageType } from './dataset-types.ts';
import { fieldsOf, type NamedField, SEQUENCE } from './fields.ts';
import { filtersOf } from './filter-input.ts';
import { capitalName, graphqlName } from './names.ts';
import type { Arguments, Operation } from './operation.ts';
import { type RecordValues, recordReader } from './read-record.ts';
import { SCALARS, UUID } from './scalars.ts';
import { askedFields } from './selection.ts';

/** The fields of `Query` for one dataset: `list…`, `connect…`, `get…`, `find…` where it has a natural key, `count…` and `aggregate…`. */
export function readOperations(
  dataset: Dataset,
  record: GraphQLObjectType,
  filterType: GraphQLInputObjectType,
  useCases: UseCases,
): Readonly<Record<string, Operation>> {
  const name = capitalName(dataset.name);
  const schema = dataset.name;
  const fields = fieldsOf(dataset);
  const searched = [...fields, SEQUENCE];
  const byName = new Map(searched.map((field) => [field.graphql, field]));
  const filter = { type: filterType };
  const sort = { type: new GraphQLList(new GraphQLNonNull(orderInput(name, searched))) };

  const query = (args: Arguments, asked: readonly NamedField[]) => ({
    schema,
    filters: filtersOf(args.filter, byName),
    sort: sortOf(args.sort),
    fields: namesOf(asked),
  });
  const asked = (names: ReadonlySet<string>) => fields.filter(({ graphql }) => names.has(graphql));
  const one = async (read: Promise<RenderedRecord>): Promise<RecordValues | null> => {
    const found = await orNull(read);
    return found === null ? null : recordReader(fields)(found.json);
  };

  const list: Operation = {
    description: `A page of the dataset "${schema}".`,
    type: new GraphQLNonNull(pageType(`${name}Page`, record)),
    args: { filter, sort, page: { type: GraphQLInt }, size: { type: GraphQLInt }, cursor: { type: GraphQLString } },
    resolve: async (_, args, context, info) => {
      const columns = asked(askedFields(info, ['items']));
      const found = await useCases.queryRecords(
        { ...query(args, columns), page: number(args.page), size: number(args.size), cursor: text(args.cursor) },
        context.call(),
      );
      return { ...found, items: found.records.map(({ json }) => json).map(recordReader(columns)) };
    },
  };
  const connect: Operation = {
    description: `The dataset "${schema}" from a cursor on.`,
    type: new GraphQLNonNull(connectionType(`${name}Connection`, record)),
    args: { filter, sort, first: { type: GraphQLInt }, after: { type: GraphQLString } },
    resolve: async (_, args, context, info) => {
      const columns = asked(new Set([...askedFields(info, ['nodes']), ...askedFields(info, ['edges', 'node'])]));
      const found = await useCases.queryRecords(
        { ...query(args, columns), page: null, size: number(args.first), cursor: text(args.after) },
        context.call(),
      );
      const { records, total, hasNext, hasPrevious, cursorAt } = found;
      const nodes = records.map(({ json }) => json).map(recordReader(columns));
      return {
        nodes,
        edges: () => nodes.map((node, index) => ({ node, cursor: cursorAt(index) })),
        totalCount: total,
        pageInfo: {
          hasNextPage: hasNext,
          hasPreviousPage: hasPrevious,
          startCursor: () => (nodes.length === 0 ? null : cursorAt(0)),
          endCursor: () => (nodes.length === 0 ? null : cursorAt(nodes.length - 1)),
        },
      };
    },
  };
  return {
    [`list${name}`]: list,
    [`connect${name}`]: connect,
    [`get${name}`]: {
      description: `A record of the dataset "${schema}" by its id; null where there is none.`,
      type: record,
      args: { id: { type: new GraphQLNonNull(UUID) } },
      resolve: (_, { id }, context) => one(useCases.getRecord({ schema, id: String(id) }, context.call())),
    },
    ...(dataset.primaryKey.length === 0 ? {} : { [`find${name}`]: find() }),
    [`aggregate${name}`]: aggregateOperation(dataset, searched, filterType, useCases),
    [`count${name}`]: {
      description: `How many records of the dataset "${schema}" match.`,
      type: new GraphQLNonNull(SCALARS.BIGINT),
      args: { filter },
      resolve: async (_, args, context) => {
        const { count } = await useCases.countRecords(
          { schema, filters: filtersOf(args.filter, byName) },
          context.call(),
        );
        return count;
      },
    },
  };

  function find(): Operation {
    const key = dataset.primaryKey.map((property) => ({ property, argument: graphqlName(property) }));
    return {
      description: `A record of the dataset "${schema}" by its natural key; null where there is none.`,
      type: record,
      args: Object.fromEntries(
        key.map(({ argument }) => [
          argument,
          { type: new GraphQLNonNull(SCALARS[byName.get(argument)?.type ?? 'VARCHAR']) },
        ]),
      ),
      resolve: (_, args, context) => {
        const given = new Map(key.map(({ property, argument }) => [property, keyText(args[argument])]));
        return one(useCases.getRecordByKey({ schema, key: given }, context.call()));
      },
    };
  }
}
