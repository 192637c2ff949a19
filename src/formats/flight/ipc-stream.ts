import { Message } from 'apache-arrow/ipc/metadata/message';
import { DataForgeError } from '#domain/errors.ts';
import { readIpcMessages } from '../arrow/ipc-messages.ts';
import { frameHeader } from './flight-data.ts';
import type { FlightData } from './flight-messages.ts';

/** One message as it stands in an IPC stream; nothing for one that has no Arrow in it. */
export function* framed({ header, body }: Pick<FlightData, 'header' | 'body'>): Generator<Uint8Array> {
  if (header.byteLength === 0) return;
  yield frameHeader(header);
  if (body.byteLength > 0) yield body;
}

/**
 * An IPC stream or file as messages of Flight, one in memory at a time.
 * @param maxMessageBytes of the rows of one message
 * @throws DataForgeError `invalid_body` where the bytes are something else or end too early, `too_large`
 */
export async function* flightDataOf(
  body: AsyncIterable<Uint8Array>,
  maxMessageBytes: number,
): AsyncGenerator<Pick<FlightData, 'header' | 'body'>> {
  for await (const { metadata, readBody } of readIpcMessages(body, { maxMessageBytes })) {
    yield { header: metadata, body: await readBody(bodyLengthOf(metadata)) };
  }
}

function bodyLengthOf(metadata: Uint8Array): number {
  try {
    return Message.decode(metadata).bodyLength;
  } catch (cause) {
    throw new DataForgeError('invalid_body', 'A message of the Arrow body cannot be read.', { cause });
  }
}
