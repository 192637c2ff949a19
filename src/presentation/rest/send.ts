import { pipeline, Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { negotiateCoding } from './accept.ts';
import { compress, createCompressor } from './content-coding.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Shorter texts are not worth compressing. */
const LEAST_COMPRESSED = 1400;

/** Answers with a text that is there whole. */
export function sendText(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  type: string,
  text: string | Uint8Array,
): FastifyReply {
  reply.code(status);
  reply.header('content-type', type);
  reply.header('server-timing', request.forge.serverTiming());
  const accepted = request.headers['accept-encoding'];
  if (text.length < LEAST_COMPRESSED || accepted === undefined) return reply.send(text);
  reply.header('vary', 'accept-encoding');
  const coding = negotiateCoding(accepted);
  if (coding === 'identity') return reply.send(text);
  void compress(coding, typeof text === 'string' ? Buffer.from(text) : text).then(
    (bytes) => reply.header('content-encoding', coding).send(bytes),
    () => reply.send(text),
  );
  return reply;
}

export function sendJson(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  json: string | Uint8Array,
): FastifyReply {
  return sendText(request, reply, status, JSON_TYPE, json);
}

export interface StreamOptions {
  readonly type: string;
  /** False for what is compressed already, or must not wait in a compressor. */
  readonly compressible: boolean;
}

/**
 * Answers with bytes while they are made. The first block is awaited, so that what fails before it is still a proper
 * error; what fails later breaks the connection, so that nobody takes half for whole.
 */
export async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: AsyncIterable<Uint8Array>,
  { type, compressible }: StreamOptions,
): Promise<FastifyReply> {
  const iterator = bytes[Symbol.asyncIterator]();
  if (request.method === 'HEAD') {
    await iterator.return?.();
    return reply.code(200).header('content-type', type).send(Readable.from([]));
  }
  const first = await iterator.next();
  reply.code(200).header('content-type', type).header('server-timing', request.forge.serverTiming());
  const source = Readable.from(resume(first, iterator), { objectMode: false, highWaterMark: 1 << 20 });
  source.on('error', (error) => {
    request.forge.error ??= error;
  });
  if (!compressible) return reply.send(source);
  reply.header('vary', 'accept, accept-encoding');
  const coding = negotiateCoding(request.headers['accept-encoding']);
  if (coding === 'identity') return reply.send(source);
  const compressor = createCompressor(coding);
  pipeline(source, compressor, () => {});
  return reply.header('content-encoding', coding).send(compressor);
}

/** Puts a block that was taken already back in front. Not a generator: one that is dropped before it began would end nothing. */
function resume(first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  let held: IteratorResult<Uint8Array> | null = first;
  const iterator: AsyncIterator<Uint8Array> = {
    next: async () => {
      const next = held;
      held = null;
      return next ?? rest.next();
    },
    return: async () => {
      await rest.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
