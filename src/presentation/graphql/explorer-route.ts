import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** The page runs what it brings and speaks to this server alone. */
const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob: data:; " +
  "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data:; " +
  "frame-ancestors 'none'; base-uri 'self'";

/** GraphiQL, at `/docs/graphql`: a page that works with no internet. Its nine megabytes are made when somebody first asks. */
export function explorerRoute(server: FastifyInstance): void {
  let made: Promise<Buffer> | null = null;

  server.get('/docs/graphql', { config: { open: true } as object }, async (request, reply) => {
    made ??= makePage();
    const packed = await made;
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', POLICY)
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'public, max-age=3600')
      .header('vary', 'accept-encoding');
    const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    return takesGzip ? reply.header('content-encoding', 'gzip').send(packed) : reply.send(await pageText());
  });
}

async function pageText(): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  return renderGraphiQL({ endpoint: '/graphql', title: 'Data Forge GraphQL', subscriptionsProtocol: 'WS' });
}

async function makePage(): Promise<Buffer> {
  return promisify(gzip)(await pageText());
}
