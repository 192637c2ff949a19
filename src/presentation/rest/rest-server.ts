import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { DataForgeError } from '#domain/errors.ts';
import { negotiateType } from './accept.ts';
import { AllowedMethods } from './allowed-methods.ts';
import { allowOrigin, answerOptions } from './cors.ts';
import { answerClientError, sendProblem } from './errors.ts';
import { openApiRoutes } from './openapi/openapi-routes.ts';
import type { RestOptions } from './rest-options.ts';
import { RestRequest } from './rest-request.ts';
import { adminRoutes } from './routes/admin.ts';
import { analysisRoutes } from './routes/analysis.ts';
import { changeRoutes } from './routes/change.ts';
import { changesRoutes } from './routes/changes.ts';
import { createRoutes } from './routes/create.ts';
import { docsRoutes } from './routes/docs.ts';
import { eventRoutes } from './routes/events.ts';
import { liveRoutes } from './routes/live.ts';
import { pipelineRoutes } from './routes/pipelines.ts';
import { queryRoutes } from './routes/query.ts';
import { readRoutes } from './routes/read.ts';
import { schemaRoutes } from './routes/schemas.ts';
import { serviceRoutes } from './routes/service.ts';
import { sqlRoutes } from './routes/sql.ts';
import { streamRoutes } from './routes/stream.ts';
import { uploadRoutes } from './routes/upload.ts';
import { workerRoutes } from './routes/worker.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a token. */
    open?: boolean;
    /** Finds out by itself who calls. */
    identifiesItself?: boolean;
    /** Chooses its media type itself. */
    anyType?: boolean;
    /** Speaks another protocol than REST. */
    protocol?: 'graphql';
  }
}

/** How long a client may go on sending a body whose answer it has. */
const UNREAD_BODY_TIMEOUT = 2000;

/** The REST server with all its routes, not yet listening. */
export async function createRestServer(options: RestOptions): Promise<FastifyInstance> {
  const { useCases, limits } = options;
  const server = createServer(options);
  const methods = new AllowedMethods(server);
  addHooks(server, options);
  server.setErrorHandler((error, request, reply) =>
    sendProblem(request, reply, error, error instanceof UrlTooLong ? 414 : undefined),
  );
  server.setNotFoundHandler((request, reply) => answerUnknown(request, reply, methods.of(request.url)));
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  await server.register(
    async (api) => {
      schemaRoutes(api, useCases);
      createRoutes(api, options);
      uploadRoutes(api, options);
      changeRoutes(api, options);
      queryRoutes(api, options);
      readRoutes(api, useCases);
      streamRoutes(api, useCases);
      changesRoutes(api, useCases);
      liveRoutes(api, useCases);
      sqlRoutes(api, options);
      analysisRoutes(api, options);
      pipelineRoutes(api, options);
      eventRoutes(api, options);
      workerRoutes(api, options);
      adminRoutes(api, options);
    },
    { prefix: '/api/v1' },
  );
  serviceRoutes(server, options);
  openApiRoutes(server, { useCases, version: options.version, limits, revision: options.datasetsRevision });
  docsRoutes(server);
  options.mount?.(server);
  await server.ready();
  return server;
}

function createServer({ limits, trustProxy, tls }: RestOptions): FastifyInstance {
  let count = 0;
  const prefix = crypto.randomUUID().slice(0, 8);
  const http = { maxHeaderSize: limits.maxUrlLength + 16 * 1024 };
  return fastify({
    logger: false,
    trustProxy,
    ...(tls === null ? { http } : { https: { ...http, ...tls } }),
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 8192, caseSensitive: true },
    requestIdHeader: false,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given)
        ? given
        : `${prefix}-${(++count).toString(36)}`;
    },
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, error),
    clientErrorHandler: answerClientError,
  });
}

function addHooks(server: FastifyInstance, options: RestOptions): void {
  const { security } = options;
  server.decorateRequest('forge', null as unknown as RestRequest);
  server.addHook('onRequest', (request, reply, done) => {
    request.forge = new RestRequest(reply.raw, request.headers.traceparent?.toString() ?? null);
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    try {
      security.checkReach({ host: request.host, origin: request.headers.origin });
      allowOrigin(security, request, reply);
      checkShape(request, options);
      if (request.routeOptions.config?.identifiesItself === true) return done();
      const caller = security.identify(request.headers.authorization);
      if (caller !== null) request.forge.caller = caller;
      else if (!request.is404 && request.routeOptions.config.open !== true) {
        throw new DataForgeError('unauthorized', 'This needs a token; send "Authorization: Bearer SECRET".');
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  server.addHook('onResponse', (request, reply, done) => {
    if (!request.raw.complete) breakOffLater(request);
    tell(request, reply, options);
    done();
  });
}

/** Too large in the one way that HTTP has a status of its own for. */
class UrlTooLong extends DataForgeError {
  constructor(limit: number) {
    super('too_large', `The address has more than ${limit} characters; send the filters to POST …/query instead.`);
  }
}

function checkShape(request: FastifyRequest, { limits }: RestOptions): void {
  if (request.url.length > limits.maxUrlLength) {
    throw new UrlTooLong(limits.maxUrlLength);
  }
  const { accept } = request.headers;
  if (accept === undefined || accept === '*/*' || request.is404 || !request.url.startsWith('/api/')) return;
  if (request.routeOptions.config.anyType === true) return;
  if (negotiateType(accept, ['application/json', 'application/problem+json', 'application/schema+json']) === null) {
    throw new DataForgeError(
      'not_acceptable',
      'This answers in application/json; name it in Accept, or leave Accept out.',
    );
  }
}

function answerUnknown(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): FastifyReply {
  const path = request.url.split('?', 1)[0]?.slice(0, 200);
  if (methods.length === 0) {
    return sendProblem(
      request,
      reply,
      new DataForgeError('unknown_route', `There is nothing at ${path}; GET / lists what there is.`),
    );
  }
  if (request.method === 'OPTIONS') return answerOptions(reply, methods);
  reply.header('allow', methods.join(', '));
  const message = `${path} does not take ${request.method}; it takes ${methods.join(', ')}.`;
  return sendProblem(request, reply, new DataForgeError('method_not_allowed', message));
}

/** A body that nobody reads any more must not keep the connection for ever. */
function breakOffLater(request: FastifyRequest): void {
  const timer = setTimeout(() => {
    if (!request.raw.complete) request.raw.socket?.destroy();
  }, UNREAD_BODY_TIMEOUT);
  timer.unref();
}

function tell(request: FastifyRequest, reply: FastifyReply, { onAnswer }: RestOptions): void {
  const { forge } = request;
  const { observation, error } = forge;
  const length = Number(reply.getHeader('content-length') ?? 0);
  onAnswer({
    protocol: request.routeOptions.config?.protocol ?? 'rest',
    method: request.method,
    route: request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown'),
    status: reply.raw.writableFinished ? reply.statusCode : 499,
    duration: forge.began ?? forge.elapsed(),
    dataset: observation.dataset,
    processor: observation.processor,
    bytesOut: observation.bytes > 0 ? observation.bytes : length,
    requestId: request.id,
    traceParent: observation.traceParent,
    caller: forge.caller.name,
    address: request.ip,
    code: error instanceof DataForgeError ? error.code : null,
    rows: observation.rows,
    parts: observation.parts,
    plan: forge.plan,
    explain: observation.explain,
    error: error instanceof DataForgeError ? (error.cause ?? error) : error,
  });
}
