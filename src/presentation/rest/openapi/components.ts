import type { Dataset } from '#domain/dataset/dataset.ts';
import { jsonSchemaOf } from '#domain/dataset/json-schema-of.ts';
import { JsonObject } from '#domain/record/json.ts';
import type { Tree } from './json-tree.ts';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;

/** A name that may stand in `#/components/schemas/…`. */
export function componentName(dataset: Dataset): string {
  return dataset.name.replace(/[^A-Za-z0-9._-]/gu, (character) => `_x${character.codePointAt(0)?.toString(16)}_`);
}

export function ref(name: string): Tree {
  return { $ref: `#/components/schemas/${name}` };
}

/** The schemas of one dataset: a row as it is sent, its data as it comes back, a record. */
export function datasetSchemas(dataset: Dataset): Readonly<Record<string, Tree>> {
  const name = componentName(dataset);
  return {
    [`${name}.row`]: withoutDialect(jsonSchemaOf(dataset, 'input')),
    [`${name}.data`]: withoutDialect(jsonSchemaOf(dataset, 'output')),
    [name]: {
      type: 'object',
      title: `A record of ${dataset.name}`,
      description: dataset.description || undefined,
      properties: {
        id: { type: 'string', format: 'uuid' },
        schema_name: { const: dataset.name },
        data: ref(`${name}.data`),
        ...(dataset.primaryKey.length > 1 ? { composite_id: text } : {}),
        created_at: { type: 'string', format: 'date-time' },
        updated_at: { type: 'string', format: 'date-time' },
        version: { type: 'integer', minimum: 1 },
      },
      required: ['id', 'schema_name', 'data', 'created_at', 'updated_at', 'version'],
    },
  };
}

function withoutDialect(schema: JsonObject): JsonObject {
  return new JsonObject(schema.members.filter(({ name }) => name !== '$schema'));
}

/** What answers have in common. */
export const COMMON_SCHEMAS: Readonly<Record<string, Tree>> = {
  Problem: {
    type: 'object',
    description: 'RFC 9457. Every error has a code, see /docs/errors.',
    properties: {
      type: { type: 'string', format: 'uri-reference' },
      title: text,
      status: { type: 'integer' },
      detail: text,
      code: text,
      instance: text,
      errors: { type: 'array', items: { type: 'object', properties: { pointer: text, message: text } } },
      details: { type: 'object' },
    },
    required: ['type', 'title', 'status', 'detail', 'code'],
  },
  Condition: {
    type: 'object',
    description: 'One condition, or a group of them: all must hold (`and`), one must (`or`), it must not (`not`).',
    properties: {
      field: text,
      operator: { enum: ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'like', 'ilike', 'is_null', 'is_not_null'] },
      value: {},
      and: { type: 'array', items: ref('Condition') },
      or: { type: 'array', items: ref('Condition') },
      not: ref('Condition'),
    },
  },
  SortKey: {
    type: 'object',
    properties: { field: text, order: { enum: ['asc', 'desc'], default: 'asc' } },
    required: ['field'],
  },
  Schema: {
    type: 'object',
    properties: {
      name: text,
      description: text,
      table_name: text,
      primary_key: { type: ['array', 'null'], items: text },
      properties: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: text,
            type: { enum: ['string', 'integer', 'number', 'boolean', 'array', 'object'] },
            db_type: text,
            required: { type: 'boolean' },
            default: {},
            primary_key: { type: 'boolean' },
            description: text,
          },
          required: ['name', 'type', 'db_type', 'required', 'default', 'primary_key'],
        },
      },
    },
    required: ['name', 'description', 'table_name', 'primary_key', 'properties'],
  },
  LoadResult: {
    type: 'object',
    properties: {
      success: { const: true },
      message: text,
      records_created: count,
      records_updated: count,
      records_ignored: count,
      records_rejected: count,
      rejections: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            line: count,
            errors: { type: 'array', items: { type: 'object', properties: { pointer: text, message: text } } },
          },
        },
      },
      rejections_truncated: { const: true },
    },
    required: [
      'success',
      'message',
      'records_created',
      'records_updated',
      'records_ignored',
      'records_rejected',
      'rejections',
    ],
  },
  Change: {
    type: 'object',
    properties: {
      seq: count,
      op: { enum: ['create', 'update', 'delete'] },
      id: { type: 'string', format: 'uuid' },
      version: { type: 'integer' },
      changed_at: { type: 'string', format: 'date-time' },
      data: { type: ['object', 'null'] },
    },
  },
};
