import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller } from '#application/caller.ts';
import type { TakenEvents } from '#application/pipelines/push/pushed-event.ts';
import { DataForgeError } from '#domain/errors.ts';
import { jsonArrayLines } from '#formats/json/array-lines.ts';
import { BodyRoom, type BodyShare } from '../body-room.ts';
import { QueryParameters } from '../query-parameters.ts';
import { isJsonType, mediaTypeOf, readPlainBytes } from '../request-body.ts';
import type { RestOptions } from '../rest-options.ts';
import { sendJson } from '../send.ts';
import { UPLOAD_TYPES } from './upload.ts';

type Named = { readonly Params: { readonly name: string } };

/** Bodies of the largest size that are held at once. */
const BODIES_AT_ONCE = 2;

const [LINE_FEED, BLANK, OPEN_BRACKET] = [0x0a, 0x20, 0x5b];

/** Events that others send: webhooks. */
export function eventRoutes(server: FastifyInstance, { useCases, limits, security }: RestOptions): void {
  const room = new BodyRoom(BODIES_AT_ONCE * limits.maxJsonBytes);
  server.post<Named>('/pipelines/:name/events', { config: { identifiesItself: true } }, async (request, reply) => {
    new QueryParameters(request, []);
    const isJson = isJsonType(eventType(request));
    const share = room.open();
    const { stored, repeated } = await takeEvents(request, isJson, share).finally(() => share.close());
    return sendJson(request, reply, 200, JSON.stringify({ success: true, stored, repeated }));
  });

  async function takeEvents(request: FastifyRequest<Named>, isJson: boolean, share: BodyShare): Promise<TakenEvents> {
    const body = await readPlainBytes(request, limits.maxJsonBytes, share);
    return useCases.pushEvents(
      {
        pipeline: request.params.name,
        header: (name) => headerOf(request, name),
        body,
        identify: () => {
          request.forge.caller = required(security.identify(request.headers.authorization));
          return request.forge.caller;
        },
        lines: async () => (isJson ? linesOfJson(body) : body),
      },
      request.forge.call(),
    );
  }
}

/** @throws DataForgeError `unsupported_media_type` */
function eventType(request: FastifyRequest): string {
  const type = mediaTypeOf(request);
  if (isJsonType(type) || UPLOAD_TYPES[type] === 'ndjson') return type;
  const message = 'Events are taken as application/json, an object or an array of them, or as application/x-ndjson.';
  throw new DataForgeError('unsupported_media_type', message);
}

function headerOf({ headers }: FastifyRequest, name: string): string | null {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? null);
}

function required(caller: Caller | null): Caller {
  if (caller !== null) return caller;
  throw new DataForgeError('unauthorized', 'This needs a token; send "Authorization: Bearer SECRET".');
}

/** One object, or an array of them, as lines. */
async function linesOfJson(body: Buffer): Promise<Uint8Array> {
  const isArray = body.find((byte) => byte > BLANK) === OPEN_BRACKET;
  const array = isArray ? [body] : [Buffer.from('['), body, Buffer.from(']')];
  const lines = Buffer.concat(await Array.fromAsync(jsonArrayLines(chunksOf(array))));
  if (isArray || lines.indexOf(LINE_FEED) === lines.length - 1) return lines;
  throw new DataForgeError('invalid_body', 'There is text behind the JSON object; send one, or an array of them.');
}

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
