import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
} from 'graphql';
import { type Call, NEVER } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { type Json, JsonObject } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import { number, text } from './arguments.ts';
import type { GraphqlContext, Operation } from './dataset-operations.ts';
import { fieldsOf } from './fields.ts';
import { capitalName } from './names.ts';
import { type RecordValues, recordReader } from './read-record.ts';
import { jsonOfInput, SCALARS, UUID } from './scalars.ts';

const ON_CONFLICT = {
  type: new GraphQLEnumType({
    name: 'ConflictPolicy',
    description: 'What happens to a row whose key or id is there already.',
    values: { ERROR: { value: 'error' }, IGNORE: { value: 'ignore' }, UPDATE: { value: 'update' } },
  }),
};
const ID = { type: new GraphQLNonNull(UUID) };
const IF_VERSION = { type: GraphQLInt, description: 'The version the record must have.' };

/** The fields of `Mutation` for one dataset: `create…`, `bulkCreate…`, `update…` and `delete…`. */
export function writeOperations(
  dataset: Dataset,
  record: GraphQLObjectType,
  useCases: UseCases,
): Readonly<Record<string, Operation>> {
  const name = capitalName(dataset.name);
  const schema = dataset.name;
  const fields = fieldsOf(dataset);
  const properties = fields.filter(({ kind }) => kind === 'property');
  const propertyOf = new Map(properties.map(({ graphql, field }) => [graphql, field]));
  const input = new GraphQLInputObjectType({
    name: `${name}Input`,
    fields: Object.fromEntries(
      properties.map(({ graphql, type, description }) => [graphql, { type: SCALARS[type], description }]),
    ),
  });
  const created = new GraphQLObjectType({
    name: `${name}Created`,
    fields: {
      created: { type: new GraphQLNonNull(GraphQLInt) },
      updated: { type: new GraphQLNonNull(GraphQLInt) },
      ignored: { type: new GraphQLNonNull(GraphQLInt) },
      records: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(record))) },
    },
  });
  const data = { type: new GraphQLNonNull(input) };
  const rows = { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(input))) };

  const rowOf = (value: unknown): Json =>
    new JsonObject(
      Object.entries(value as object).map(([member, item]) => {
        return { name: propertyOf.get(member) ?? member, value: jsonOfInput(item) };
      }),
    );
  const render = recordRenderer(dataset, null);
  const read = recordReader(fields);
  const shown = (stored: StoredRecord): RecordValues => read(render(stored));

  return {
    [`create${name}`]: {
      description: `Makes a record of the dataset "${schema}" and answers with the record that now stands.`,
      type: new GraphQLNonNull(record),
      args: { data, onConflict: ON_CONFLICT },
      resolve: async (_, args, context) => {
        const asked = { schema, data: rowOf(args.data), onConflict: text(args.onConflict), once: null };
        const { result } = await useCases.createRecord(asked, writing(context));
        return result === null ? null : shown(result.record);
      },
    },
    [`bulkCreate${name}`]: {
      description: `Makes records of the dataset "${schema}", all or none.`,
      type: new GraphQLNonNull(created),
      args: { data: rows, onConflict: ON_CONFLICT },
      resolve: async (_, args, context) => {
        const items = (args.data as readonly unknown[]).map(rowOf);
        const onConflict = text(args.onConflict);
        const asked = { schema, rows: { kind: 'parsed' as const, items }, onConflict, returnRecords: true, once: null };
        const { result } = await useCases.createRecords(asked, writing(context));
        const records = Array.isArray(result?.records) ? (result.records as readonly StoredRecord[]).map(shown) : [];
        return { ...result, records };
      },
    },
    [`update${name}`]: {
      description: `Changes the given properties of a record of the dataset "${schema}"; null sets null.`,
      type: new GraphQLNonNull(record),
      args: { id: ID, data, ifVersion: IF_VERSION },
      resolve: async (_, args, context) => {
        const asked = { schema, id: String(args.id), data: rowOf(args.data), ifVersion: number(args.ifVersion) };
        return shown((await useCases.patchRecord(asked, writing(context))).record);
      },
    },
    [`delete${name}`]: {
      description: `Deletes a record of the dataset "${schema}".`,
      type: new GraphQLNonNull(GraphQLBoolean),
      args: { id: ID, ifVersion: IF_VERSION },
      resolve: async (_, args, context) => {
        const asked = { schema, id: String(args.id), ifVersion: number(args.ifVersion) };
        await useCases.deleteRecord(asked, writing(context));
        return true;
      },
    },
  };
}

/** A small write is over too soon to be given up. */
function writing(context: GraphqlContext): Call {
  return { ...context.call(), signal: NEVER };
}
