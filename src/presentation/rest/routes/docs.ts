import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { errorsHtml } from '../../error-help.ts';
import { sendText } from '../send.ts';

/** A page that must not fetch from anywhere else, whatever its script has in mind. */
const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'";

interface PageFile {
  readonly type: string;
  readonly body: string;
}

/** The page of the API, and the page of the errors. Both work without the internet. */
export function docsRoutes(server: FastifyInstance): void {
  const open = { config: { open: true } };
  let files: Promise<ReadonlyMap<string, PageFile>> | null = null;
  const load = () => {
    files ??= loadReference();
    return files;
  };

  server.get('/docs', open, async (request, reply) => {
    const page = (await load()).get('page');
    return sendText(request, guard(reply), 200, page?.type ?? 'text/html', page?.body ?? '');
  });

  server.get('/docs/js/scalar.js', open, async (request, reply) => {
    const script = (await load()).get('script');
    reply.header('cache-control', 'public, max-age=86400');
    return sendText(request, reply, 200, script?.type ?? 'text/javascript', script?.body ?? '');
  });

  server.get('/docs/errors', open, async (request, reply) =>
    sendText(request, guard(reply), 200, 'text/html; charset=utf-8', errorsHtml()),
  );
}

function guard(reply: FastifyReply): FastifyReply {
  return reply.header('content-security-policy', POLICY).header('referrer-policy', 'no-referrer');
}

/**
 * Has Scalar's plugin make its page and script once, when somebody first asks: its four megabytes would slow down
 * every start.
 */
async function loadReference(): Promise<ReadonlyMap<string, PageFile>> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const inner = fastify({ logger: false });
  await inner.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      pageTitle: 'Data Forge API',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: 'never',
    },
  });
  const page = await inner.inject('/docs/');
  const script = await inner.inject('/docs/js/scalar.js');
  await inner.close();
  const html = page.body.replace(/src="[^"]*js\/scalar\.js"/, 'src="/docs/js/scalar.js"');
  return new Map([
    ['page', { type: 'text/html; charset=utf-8', body: html }],
    ['script', { type: 'text/javascript; charset=utf-8', body: script.body }],
  ]);
}
