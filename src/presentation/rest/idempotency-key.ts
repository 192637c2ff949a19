import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GivenAnswer, Once } from '#application/records/idempotency.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { HashedBody } from '../hashed-body.ts';
import { sendJson } from './send.ts';

/**
 * What the `Idempotency-Key` of a request asks for, or null where there is none. The scope is the caller, the method,
 * the address with its query string, and the key.
 */
export function readOnce<T>(
  request: FastifyRequest,
  body: Uint8Array | HashedBody,
  answer: (result: T) => GivenAnswer,
): Once<T> | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new DataForgeError(
      'invalid_parameter',
      'Idempotency-Key must be 1 to 255 printable ASCII characters without blanks.',
      {
        faults: [{ pointer: '/idempotency-key', message: 'must be 1 to 255 printable ASCII characters' }],
      },
    );
  }
  const scope = hash('sha256', [request.forge.caller.name, request.method, request.url, key].join('\n'));
  if (body instanceof Uint8Array) {
    const digest = hash('sha256', body);
    return { scope, hash: () => digest, hashRead: () => digest, answer };
  }
  return { scope, hash: () => body.drain(), hashRead: () => body.digest(), answer };
}

/** Sends an answer, made now or kept from the first time. */
export function sendKept(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, headers, body }: GivenAnswer,
): FastifyReply {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  return sendJson(request, reply, status, body);
}
