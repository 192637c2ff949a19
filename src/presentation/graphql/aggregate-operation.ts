import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfigMap,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLScalarType,
} from 'graphql';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType, DbTypeName } from '#domain/dataset/db-type.ts';
import {
  AGGREGATE_FUNCTIONS,
  type AggregateFunction,
  type Aggregation,
  isAggregable,
  type Measure,
  TIME_BUCKETS,
  typesOfAggregation,
} from '#domain/query/aggregation.ts';
import { nameOfField } from '#domain/query/field.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { Value } from '#domain/record/value.ts';
import { number, sortOf } from './arguments.ts';
import { ORDER } from './dataset-types.ts';
import type { NamedField } from './fields.ts';
import { filtersOf } from './filter-input.ts';
import { capitalName } from './names.ts';
import type { Operation } from './operation.ts';
import { SCALARS } from './scalars.ts';
import { askedFields } from './selection.ts';

const enumOf = (name: string, description: string, words: readonly string[]) =>
  new GraphQLEnumType({
    name,
    description,
    values: Object.fromEntries(words.map((word) => [word.toUpperCase(), { value: word }])),
  });
const TIME_BUCKET = enumOf('TimeBucket', 'A part of time; a week begins on its Monday.', TIME_BUCKETS);
const FUNCTION = enumOf('AggregateFunction', 'What can be told of a group.', AGGREGATE_FUNCTIONS);

/** The figures that a group has by field, by the name of their member. */
const FIGURES: Readonly<Record<string, AggregateFunction>> = {
  countOf: 'count',
  sum: 'sum',
  avg: 'avg',
  min: 'min',
  max: 'max',
};

/** `aggregate…`: the rows of a filter in groups, and of each group the figures that are asked for. */
export function aggregateOperation(
  dataset: Dataset,
  searched: readonly NamedField[],
  filter: GraphQLInputObjectType,
  useCases: UseCases,
): Operation {
  const name = capitalName(dataset.name);
  const schema = dataset.name;
  const byName = new Map(searched.map((field) => [field.graphql, field]));
  const grouping = searched.filter(({ type }) => type !== 'JSON');
  const groupField = new GraphQLEnumType({
    name: `${name}GroupField`,
    values: Object.fromEntries(searched.map(({ graphql, field }) => [graphql, { value: field }])),
  });
  const groupBy = new GraphQLInputObjectType({
    name: `${name}GroupBy`,
    fields: {
      field: { type: new GraphQLNonNull(groupField) },
      bucket: { type: TIME_BUCKET, description: 'For days and moments: gathers them by this part of time.' },
    },
  });
  const order = new GraphQLInputObjectType({
    name: `${name}GroupOrder`,
    description: 'A key by its field, or a figure by its function and field.',
    fields: {
      function: { type: FUNCTION },
      field: { type: groupField },
      order: { type: new GraphQLNonNull(ORDER), defaultValue: 'asc' },
    },
  });
  const figures = Object.entries(FIGURES).flatMap(([member, named]) => {
    const fields = searched.filter(({ type }) => isAggregable(named, { name: type } as DbType));
    return fields.length === 0 ? [] : [{ member, fields, function: named }];
  });
  const group = new GraphQLObjectType({
    name: `${name}Group`,
    fields: {
      key: { type: new GraphQLNonNull(valuesType(`${name}Key`, grouping, ({ type }) => SCALARS[type])) },
      count: { type: new GraphQLNonNull(SCALARS.BIGINT), description: 'Rows of the group.' },
      ...Object.fromEntries(
        figures.map(({ member, fields, function: named }) => {
          const type = valuesType(`${name}${capitalName(member)}`, fields, (field) => scalarOf(named, field.type));
          return [member, { type: new GraphQLNonNull(type) }];
        }),
      ),
    } as GraphQLFieldConfigMap<unknown, unknown>,
  });
  return {
    description: `The records of the dataset "${schema}" in groups, and figures of each group.`,
    type: new GraphQLNonNull(
      new GraphQLObjectType({
        name: `${name}Aggregation`,
        fields: {
          groups: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(group))) },
          truncated: { type: new GraphQLNonNull(GraphQLBoolean), description: 'Whether there are more groups.' },
        },
      }),
    ),
    args: {
      filter: { type: filter },
      groupBy: { type: new GraphQLList(new GraphQLNonNull(groupBy)) },
      sort: { type: new GraphQLList(new GraphQLNonNull(order)) },
      limit: { type: GraphQLInt, description: 'Groups at most; 1 000 where it is left out.' },
    },
    resolve: async (_, args, context, info) => {
      const sort = sortOf(args.sort);
      const { query, groups, truncated } = await useCases.aggregateRecords(
        {
          schema,
          filters: filtersOf(args.filter, byName),
          groupBy: args.groupBy === undefined || args.groupBy === null ? null : jsonFrom(args.groupBy),
          measures: jsonFrom([...askedMeasures(info), ...sortedMeasures(args.sort)]),
          sort,
          limit: number(args.limit),
        },
        context.call(),
      );
      const read = groupReader(query);
      return { groups: groups.map(read), truncated };
    },
  };

  /** The figures that the document asks for; each costs the engine something. */
  function askedMeasures(info: GraphQLResolveInfo): object[] {
    return [
      { function: 'count' },
      ...figures.flatMap(({ member, function: named }) =>
        [...askedFields(info, ['groups', member])].flatMap((asked) => {
          const field = byName.get(asked)?.field;
          return field === undefined ? [] : [{ function: named, field }];
        }),
      ),
    ];
  }

  /** What is sorted by has to be there, asked for or not. */
  function sortedMeasures(sort: unknown): object[] {
    return ((sort ?? []) as { function?: string; field?: string }[]).flatMap(({ function: named, field }) =>
      named === undefined ? [] : [{ function: named, ...(field === undefined ? {} : { field }) }],
    );
  }

  function groupReader(query: Aggregation): (group: readonly Value[]) => object {
    const graphqlOf = new Map(searched.map(({ field, graphql }) => [field, graphql]));
    const types = typesOfAggregation(query);
    const keys = query.keys.map(({ field }) => graphqlOf.get(nameOfField(field)) ?? '');
    const members = query.measures.map((measure) => memberOf(measure));
    return (values) => {
      const shown: Record<string, Record<string, unknown>> = { key: {} };
      for (const { member } of figures) shown[member] = {};
      keys.forEach((key, at) => {
        (shown.key ?? {})[key] = shownValue(types[at]?.name, values[at] ?? null);
      });
      let count: unknown = null;
      members.forEach((member, index) => {
        const at = keys.length + index;
        const { field } = query.measures[index] as Measure;
        const value = shownValue(types[at]?.name, values[at] ?? null);
        if (field === null) count = value;
        else (shown[member] ?? {})[graphqlOf.get(nameOfField(field)) ?? ''] = value;
      });
      return { ...shown, count };
    };
  }
}

function memberOf({ function: named }: Measure): string {
  return named === 'count' ? 'countOf' : named;
}

/** Whole numbers are BigInt however large they are; everything else has the scalar of its type. */
function scalarOf(named: AggregateFunction, type: DbTypeName): GraphQLScalarType {
  if (named === 'count') return SCALARS.BIGINT;
  if (named === 'avg') return SCALARS.DOUBLE;
  if (named !== 'sum' || type === 'DOUBLE' || type === 'DECIMAL') return SCALARS[type];
  return SCALARS.BIGINT;
}

function valuesType(
  name: string,
  fields: readonly NamedField[],
  scalar: (field: NamedField) => GraphQLScalarType,
): GraphQLObjectType {
  return new GraphQLObjectType({
    name,
    fields: Object.fromEntries(
      fields.map((field) => [field.graphql, { type: scalar(field), description: field.description }]),
    ),
  });
}

/** A canonical value as JSON has it: whole numbers past 2^53 as text. */
function shownValue(type: DbTypeName | undefined, value: Value): unknown {
  if (typeof value === 'bigint' || (type === 'DECIMAL' && /^-?\d+$/.test(String(value)))) {
    const whole = Number(value);
    return Number.isSafeInteger(whole) ? whole : String(value);
  }
  return value;
}
