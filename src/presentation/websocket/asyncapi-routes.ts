import type { FastifyInstance } from 'fastify';
import { asyncApi } from './asyncapi.ts';

/** The protocol of `/ws`, described for machines. */
export function asyncApiRoutes(server: FastifyInstance, version: string): void {
  const document = JSON.stringify(asyncApi(version));
  server.get('/asyncapi.json', { config: { open: true } }, async (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(document),
  );
}
