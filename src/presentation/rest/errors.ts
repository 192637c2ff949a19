import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { DataForgeError } from '#domain/errors.ts';
import { problemOf, toDataForgeError } from '../problem.ts';

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Answers with a problem of RFC 9457, whatever was thrown. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  thrown: unknown,
  status?: number,
): FastifyReply {
  const error = translate(thrown);
  const problem = problemOf(error, request.url.slice(0, 500), status);
  if (request.forge) request.forge.error = error;
  for (const name of ['content-encoding', 'content-length', 'etag', 'location', 'vary']) reply.removeHeader(name);
  if (error.retryable) reply.header('retry-after', '1');
  if (error.code === 'unauthorized') {
    const isPage = request.url.startsWith('/docs') || request.url.startsWith('/openapi');
    reply.header('www-authenticate', isPage ? 'Basic realm="Data Forge"' : 'Bearer realm="Data Forge"');
  }
  if (request.forge) reply.header('server-timing', request.forge.serverTiming());
  return reply.code(problem.status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** What the web framework throws of its own, as an error of ours; only its faults become ours. */
function translate(thrown: unknown): DataForgeError {
  if (thrown instanceof DataForgeError) return thrown;
  const { statusCode, code } = thrown as Partial<FastifyError>;
  if (statusCode === undefined || statusCode >= 500) return toDataForgeError(thrown);
  if (statusCode === 413)
    return new DataForgeError('too_large', 'The body is larger than the limit; send it in parts.', { cause: thrown });
  if (statusCode === 415) {
    return new DataForgeError(
      'unsupported_media_type',
      'The Content-Type cannot be read; send one like application/json.',
      { cause: thrown },
    );
  }
  if (code === 'FST_ERR_BAD_URL') {
    return new DataForgeError('invalid_parameter', 'The address cannot be decoded; encode it as UTF-8 with %XX.', {
      cause: thrown,
    });
  }
  return new DataForgeError('invalid_body', 'The request cannot be read.', { cause: thrown });
}

/** The answer to bytes that are no HTTP request; no route has seen them. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const status = isTooLarge ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const known = isTooLarge
    ? new DataForgeError(
        'too_large',
        'The headers, address included, are larger than the limit; send long filters in a body.',
      )
    : new DataForgeError('invalid_body', 'This is not an HTTP request that can be read.');
  const body = JSON.stringify(problemOf(known, undefined, status));
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
