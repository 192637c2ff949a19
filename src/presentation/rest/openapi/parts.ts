import type { ErrorCode } from '#domain/errors.ts';
import { PROBLEMS, type ProblemWords } from '../../problem.ts';
import { ref } from './components.ts';
import type { Tree } from './json-tree.ts';

/** Pieces that many operations are put together from. */
export function parameter(
  name: string,
  place: 'query' | 'header' | 'path',
  schema: Tree,
  description: string,
  example?: Tree,
): Tree {
  return { name, in: place, required: place === 'path', schema, description, example };
}

/** A parameter whose value is JSON text. */
export function jsonParameter(name: string, items: string, description: string, example: Tree): Tree {
  const schema = { type: 'array', items: ref(items) };
  return { name, in: 'query', description, content: { 'application/json': { schema, example } } };
}

export const ID_PARAMETER = parameter('id', 'path', { type: 'string', format: 'uuid' }, 'The id of the record.');
export const IDEMPOTENCY_KEY = parameter(
  'Idempotency-Key',
  'header',
  { type: 'string', maxLength: 255 },
  'Sent again with the same key within a day, the request gets its first answer and stores nothing twice.',
);
export const ON_CONFLICT = parameter(
  'on_conflict',
  'query',
  { enum: ['error', 'ignore', 'update'], default: 'error' },
  'What becomes of a row whose natural key, or id, is there already.',
);
export const IF_MATCH = parameter(
  'If-Match',
  'header',
  { type: 'string' },
  'Only if the record still has this ETag.',
  '"1"',
);

export function json(description: string, schema: Tree, example?: Tree): Tree {
  return { description, content: { 'application/json': { schema, example } } };
}

export function jsonBody(schema: Tree, example: Tree): Tree {
  return { required: true, content: { 'application/json': { schema, example } } };
}

/** Answers for error codes; those with one status are told together. */
export function problems(...codes: readonly ErrorCode[]): Readonly<Record<string, Tree>> {
  const byStatus = Map.groupBy(codes, (code) => words(code).http);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      String(status),
      {
        description: same.map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    ]),
  );
}

function words(code: ErrorCode): ProblemWords {
  return PROBLEMS[code];
}
