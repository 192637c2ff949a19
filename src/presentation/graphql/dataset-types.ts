import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
} from 'graphql';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { fieldsOf, type NamedField } from './fields.ts';
import { capitalName } from './names.ts';
import { SCALARS } from './scalars.ts';

/** The direction of a sort. */
export const ORDER = new GraphQLEnumType({
  name: 'SortDirection',
  description: 'Nulls are last either way.',
  values: { ASC: { value: 'asc' }, DESC: { value: 'desc' } },
});

const PAGE_INFO = new GraphQLObjectType({
  name: 'PageInfo',
  fields: {
    hasNextPage: { type: new GraphQLNonNull(GraphQLBoolean) },
    hasPreviousPage: { type: new GraphQLNonNull(GraphQLBoolean) },
    startCursor: { type: GraphQLString },
    endCursor: { type: GraphQLString, description: 'What `after` takes for the records that follow.' },
  },
});

/** The type of a dataset's records. */
export function recordType(dataset: Dataset): GraphQLObjectType {
  const required = new Set([
    ...dataset.primaryKey,
    ...dataset.properties.filter((property) => property.required).map((property) => property.name),
  ]);
  return new GraphQLObjectType({
    name: `${capitalName(dataset.name)}Record`,
    description: dataset.description === '' ? null : dataset.description,
    fields: Object.fromEntries(
      fieldsOf(dataset).map(({ graphql, field, type, kind, description }) => {
        const scalar = SCALARS[type];
        const isThere = kind === 'system' || required.has(field);
        return [graphql, { type: isThere ? new GraphQLNonNull(scalar) : scalar, description }];
      }),
    ),
  });
}

/** One key of a sort. */
export function orderInput(name: string, fields: readonly NamedField[]): GraphQLInputObjectType {
  const sortable = fields.filter(({ type }) => type !== 'JSON');
  const values = Object.fromEntries(sortable.map(({ graphql, field }) => [graphql, { value: field }]));
  return new GraphQLInputObjectType({
    name: `${name}Order`,
    fields: {
      field: { type: new GraphQLNonNull(new GraphQLEnumType({ name: `${name}Field`, values })) },
      order: { type: new GraphQLNonNull(ORDER), defaultValue: 'asc' },
    },
  });
}

/** A page with its place among all that match. */
export function pageType(name: string, record: GraphQLObjectType): GraphQLObjectType {
  return new GraphQLObjectType({
    name,
    fields: {
      items: { type: listOf(record) },
      total: { type: new GraphQLNonNull(SCALARS.BIGINT) },
      page: { type: new GraphQLNonNull(GraphQLInt) },
      size: { type: new GraphQLNonNull(GraphQLInt) },
      hasNext: { type: new GraphQLNonNull(GraphQLBoolean) },
      hasPrevious: { type: new GraphQLNonNull(GraphQLBoolean) },
      nextCursor: { type: GraphQLString },
    },
  });
}

/** What stands behind a cursor. */
export function connectionType(name: string, record: GraphQLObjectType): GraphQLObjectType {
  const edge = new GraphQLObjectType({
    name: `${name.replace(/Connection$/, '')}Edge`,
    fields: {
      cursor: { type: new GraphQLNonNull(GraphQLString), description: 'What `after` takes for the records behind it.' },
      node: { type: new GraphQLNonNull(record) },
    },
  });
  return new GraphQLObjectType({
    name,
    fields: {
      nodes: { type: listOf(record) },
      edges: { type: listOf(edge) },
      totalCount: { type: new GraphQLNonNull(SCALARS.BIGINT) },
      pageInfo: { type: new GraphQLNonNull(PAGE_INFO) },
    },
  });
}

function listOf(record: GraphQLObjectType) {
  return new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(record)));
}
