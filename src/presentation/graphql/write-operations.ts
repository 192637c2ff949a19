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
import type { CreateRecordResult } from '#application/records/commands/create-record.ts';
import type { CreateRecordsResult } from '#application/records/commands/create-records.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { type Json, JsonObject, writeJson } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import { number, text } from './arguments.ts';
import { fieldsOf, SEQUENCE } from './fields.ts';
import { filtersOf } from './filter-input.ts';
import { IDEMPOTENCY_KEY, readOnce } from './idempotency.ts';
import { capitalName } from './names.ts';
import type { GraphqlContext, Operation } from './operation.ts';
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

/**
 * The fields of `Mutation` for one dataset: `create…`, `bulkCreate…`, `update…`, `replace…`, `delete…` and `bulkDelete…`. Each
 * begins with another word, so that the fields of two datasets never have one name.
 */
export function writeOperations(
  dataset: Dataset,
  record: GraphQLObjectType,
  filterType: GraphQLInputObjectType,
  useCases: UseCases,
): Readonly<Record<string, Operation>> {
  const name = capitalName(dataset.name);
  const schema = dataset.name;
  const fields = fieldsOf(dataset);
  const searched = new Map([...fields, SEQUENCE].map((field) => [field.graphql, field]));
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
      args: { data, onConflict: ON_CONFLICT, idempotencyKey: IDEMPOTENCY_KEY },
      resolve: async (_, args, context) => {
        const call = writing(context);
        const row = rowOf(args.data);
        const onConflict = text(args.onConflict);
        const say = ({ record }: CreateRecordResult) => render(record);
        const once = readOnce(args, [`create${name}`, writeJson(row)], call, say);
        const { replayed, result } = await useCases.createRecord({ schema, data: row, onConflict, once }, call);
        return read(replayed === null ? say(result) : replayed.body);
      },
    },
    [`bulkCreate${name}`]: {
      description: `Makes records of the dataset "${schema}", all or none.`,
      type: new GraphQLNonNull(created),
      args: { data: rows, onConflict: ON_CONFLICT, idempotencyKey: IDEMPOTENCY_KEY },
      resolve: async (_, args, context) => {
        const call = writing(context);
        const items = (args.data as readonly unknown[]).map(rowOf);
        const onConflict = text(args.onConflict);
        const say = ({ created, updated, ignored, records }: CreateRecordsResult) => {
          const texts = Array.isArray(records) ? (records as readonly StoredRecord[]).map(render) : [];
          return JSON.stringify({ created, updated, ignored, records: texts });
        };
        const once = readOnce(args, [`bulkCreate${name}`, ...items.map(writeJson)], call, say);
        const asked = { schema, rows: { kind: 'parsed' as const, items }, onConflict, returnRecords: true, once };
        const { replayed, result } = await useCases.createRecords(asked, call);
        const told = JSON.parse(replayed === null ? say(result) : replayed.body) as { readonly records: string[] };
        return { ...told, records: told.records.map(read) };
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
    [`replace${name}`]: {
      description: `Replaces a record of the dataset "${schema}": properties that are left out get their default, or null.`,
      type: new GraphQLNonNull(record),
      args: { id: ID, data, ifVersion: IF_VERSION },
      resolve: async (_, args, context) => {
        const asked = { schema, id: String(args.id), data: rowOf(args.data), ifVersion: number(args.ifVersion) };
        return shown((await useCases.replaceRecord(asked, writing(context))).record);
      },
    },
    [`bulkDelete${name}`]: {
      description: `Deletes the records of the dataset "${schema}" that match; without a filter only where \`all\` is true.`,
      type: new GraphQLNonNull(SCALARS.BIGINT),
      args: { filter: { type: filterType }, all: { type: GraphQLBoolean } },
      resolve: async (_, args, context) => {
        const asked = { schema, filters: filtersOf(args.filter, searched), all: args.all === true };
        return (await useCases.deleteRecords(asked, writing(context))).deleted;
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
