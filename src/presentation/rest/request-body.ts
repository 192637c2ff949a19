import type { Readable, Transform } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { DataForgeError } from '#domain/errors.ts';
import type { BodyShare } from './body-room.ts';
import { createDecoders } from './content-coding.ts';

export interface BodyLimits {
  /** Bytes of a body that is read whole. */
  readonly maxJsonBytes: number;
  /** Bytes of an upload after decompression. */
  readonly maxUploadBytes: number;
}

/** The media type of the body, lower case and without parameters; empty where there is none. */
export function mediaTypeOf(request: FastifyRequest): string {
  const header = request.headers['content-type'] ?? '';
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw new DataForgeError(
      'unsupported_media_type',
      `The charset "${charset.slice(0, 50)}" is not taken here; send UTF-8.`,
    );
  }
  return type;
}

/** Whether a media type, as `mediaTypeOf` gives it, is JSON. */
export function isJsonType(type: string): boolean {
  return type === 'application/json' || /^application\/[\w.-]+\+json$/.test(type);
}

/** Reads a body of JSON whole, within the limit. */
export async function readJsonBytes(request: FastifyRequest, limits: BodyLimits): Promise<Buffer> {
  const type = mediaTypeOf(request);
  if (!isJsonType(type)) {
    const said = type === '' ? 'no Content-Type' : `the Content-Type "${type.slice(0, 100)}"`;
    throw new DataForgeError('unsupported_media_type', `The body has ${said}; send JSON as application/json.`);
  }
  if (request.headers['content-encoding'] === undefined) return readPlainBytes(request, limits.maxJsonBytes);
  refuseTooLong(request, limits.maxJsonBytes);
  const chunks: Uint8Array[] = [];
  for await (const chunk of readDecoded(request, limits.maxJsonBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Reads the bytes of a body as they come, within a limit.
 * @param share of a room that bounds bodies together
 * @throws DataForgeError `unsupported_media_type` where they are compressed
 */
export async function readPlainBytes(request: FastifyRequest, limit: number, share?: BodyShare): Promise<Buffer> {
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (coding !== 'identity') {
    const message = `Content-Encoding "${coding.slice(0, 100)}" is not taken here; send the body without compression.`;
    throw new DataForgeError('unsupported_media_type', message);
  }
  refuseTooLong(request, limit);
  return collect(request.raw, limit, share);
}

function refuseTooLong({ headers }: FastifyRequest, limit: number): void {
  if (Number(headers['content-length']) > limit) throw tooLarge(limit);
}

/** Reads a stream whole with fewer turns of the event loop than an async iterator takes. */
function collect(stream: FastifyRequest['raw'], limit: number, share?: BodyShare): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (bytes > limit) throw tooLarge(limit);
        share?.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        chunks.length = 0;
        stream.removeAllListeners('data').resume();
        reject(error);
      }
    });
    stream.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    stream.on('error', (cause) => reject(gone(cause)));
    stream.on('close', () => {
      if (!stream.readableEnded) reject(gone(undefined));
    });
  });
}

/**
 * The body as it was meant: decompressed, within a limit, with back-pressure. Whoever stops early leaves the connection
 * whole, so that the answer can still be sent over it.
 */
export async function* readDecoded(request: FastifyRequest, limit: number): AsyncGenerator<Uint8Array> {
  const { raw } = request;
  const decoded = decode(raw, createDecoders(request.headers['content-encoding']));
  const patience = new Patience(() => decoded.destroy());
  let bytes = 0;
  try {
    patience.begin();
    for await (const chunk of decoded.iterator({ destroyOnReturn: false })) {
      patience.end();
      bytes += chunk.length;
      if (bytes > limit) throw tooLarge(limit);
      yield chunk;
      patience.begin();
    }
    if (patience.isLost) throw gone(undefined);
  } catch (error) {
    if (error instanceof DataForgeError) throw error;
    throw decoded !== raw && (raw.complete || !raw.destroyed) ? undecodable(error) : gone(error);
  } finally {
    patience.stop();
    if (decoded !== raw) {
      raw.unpipe();
      decoded.destroy();
    }
    raw.resume();
  }
}

/** How long the next bytes of an upload may be waited for; a client that has gone quiet must not keep its place. */
const MAX_SILENCE = 60_000;

/** Gives up when nothing has come for too long; the time in which nobody asks does not count. */
class Patience {
  isLost = false;
  readonly #timer: NodeJS.Timeout;
  #since: number | null = null;

  constructor(giveUp: () => void) {
    this.#timer = setInterval(() => {
      if (this.#since === null || performance.now() - this.#since < MAX_SILENCE) return;
      this.isLost = true;
      this.stop();
      giveUp();
    }, MAX_SILENCE / 10);
    this.#timer.unref();
  }

  begin(): void {
    this.#since = performance.now();
  }

  end(): void {
    this.#since = null;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Leads a body through decoders. An error goes down the line, never up: the connection is not the decoders' to end. */
function decode(raw: Readable, decoders: readonly Transform[]): Readable {
  let last: Readable = raw;
  for (const decoder of decoders) {
    const source = last;
    source.on('error', (error) => decoder.destroy(error));
    source.on('close', () => {
      if (!source.readableEnded) decoder.destroy(new Error('the body was cut off'));
    });
    last = source.pipe(decoder);
  }
  return last;
}

function undecodable(cause: unknown): DataForgeError {
  return new DataForgeError('invalid_body', 'The body is not what its Content-Encoding says, or was cut off.', {
    cause,
  });
}

function gone(cause: unknown): DataForgeError {
  return new DataForgeError('cancelled', 'The client left before the whole body had come.', { cause });
}

function tooLarge(limit: number): DataForgeError {
  return new DataForgeError('too_large', `The body has more than ${limit} bytes; send it in parts.`, {
    details: { limit },
  });
}
