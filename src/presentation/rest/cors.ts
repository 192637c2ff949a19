import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Security } from '../security.ts';

const EXPOSED = 'ETag, Location, Server-Timing, X-Request-Id, Retry-After, Preference-Applied';
const TAKEN =
  'Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Request-Id';

/** Tells a browser that a page of another origin may read the answer, where the configuration gives leave. */
export function allowOrigin(security: Security, request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin === undefined || !security.allowsOrigin(origin)) return;
  reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', EXPOSED);
  reply.header('vary', 'origin');
}

/** The answer to OPTIONS, be it a browser's question before a call or a person's. */
export function answerOptions(reply: FastifyReply, methods: readonly string[]): FastifyReply {
  reply.code(204).header('allow', methods.join(', '));
  if (reply.hasHeader('access-control-allow-origin')) {
    reply.header('access-control-allow-methods', methods.join(', '));
    reply.header('access-control-allow-headers', TAKEN).header('access-control-max-age', '600');
  }
  return reply.send();
}
