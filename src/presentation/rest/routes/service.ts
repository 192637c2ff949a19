import type { FastifyInstance } from 'fastify';
import { DataForgeError } from '#domain/errors.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson, sendText } from '../send.ts';

/** What people and machines ask of the server itself, at its root. */
export function serviceRoutes(server: FastifyInstance, { useCases, version, metrics, notReady }: RestOptions): void {
  const open = { config: { open: true } };

  server.get('/', open, async (request, reply) => {
    const links = {
      api: '/api/v1',
      schemas: '/api/v1/schemas',
      docs: '/docs',
      openapi: '/openapi.json',
      errors: '/docs/errors',
      metrics: '/metrics',
      live: '/health/live',
      ready: '/health/ready',
    };
    return sendJson(request, reply, 200, JSON.stringify({ name: 'Data Forge', version, links }));
  });

  server.get('/health/live', open, async (request, reply) => sendJson(request, reply, 200, '{"status":"live"}'));

  server.get('/health/ready', open, async (request, reply) => {
    const reason = notReady();
    const health = await useCases.checkHealth({}, request.forge.call());
    if (reason !== null || !health.ok) {
      throw new DataForgeError('unavailable', reason ?? health.problem ?? 'The store does not answer.', {
        retryable: true,
      });
    }
    const body = {
      status: 'ready',
      engine: health.engine,
      engine_version: health.engineVersion,
      processor: health.processor,
      processor_version: health.processorVersion,
      head: health.head,
    };
    return sendJson(request, reply, 200, JSON.stringify(body));
  });

  server.get('/metrics', async (request, reply) =>
    sendText(request, reply, 200, metrics.contentType, await metrics.text()),
  );
}
