import { hash } from 'node:crypto';
import { GraphQLString } from 'graphql';
import type { Call } from '#application/call.ts';
import type { Once } from '#application/records/idempotency.ts';
import { DataForgeError } from '#domain/errors.ts';
import { text } from './arguments.ts';

export const IDEMPOTENCY_KEY = {
  type: GraphQLString,
  description: 'A repeat with the same key and data stores nothing and is answered like the first.',
};

/**
 * Lets a field that is sent twice count once; the scope of its key is the caller.
 * @param asked what a repeat has to be like
 */
export function readOnce<T>(
  args: Readonly<Record<string, unknown>>,
  asked: readonly string[],
  call: Call,
  say: (result: T) => string,
): Once<T> | null {
  const key = text(args.idempotencyKey);
  if (key === null) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    const message = 'idempotencyKey must be 1 to 255 printable ASCII characters without blanks.';
    throw new DataForgeError('invalid_parameter', message, { faults: [{ pointer: '/idempotencyKey', message }] });
  }
  const digest = hash('sha256', [...asked, text(args.onConflict) ?? ''].join('\n'));
  return {
    scope: hash('sha256', [call.caller.name, 'graphql', key].join('\n')),
    hash: () => digest,
    hashRead: () => digest,
    answer: (result) => ({ status: 201, headers: {}, body: say(result) }),
  };
}
