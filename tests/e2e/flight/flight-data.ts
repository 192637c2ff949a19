import { Message } from 'apache-arrow/ipc/metadata/message';
import { readIpcMessages } from '#formats/arrow/ipc-messages.ts';
import { DESCRIPTOR_PATH } from '#formats/flight/flight-messages.ts';

/** An Arrow stream as the messages of a DoPut to the flight of a path. */
export async function flightData(stream: Uint8Array, path: readonly string[]) {
  const messages = [];
  const source = (async function* () {
    yield stream;
  })();
  for await (const { metadata, readBody } of readIpcMessages(source, { maxMessageBytes: 1e9 })) {
    const body = await readBody(Number(Message.decode(metadata).bodyLength));
    messages.push({ header: metadata, body });
  }
  return messages.map((message, at) =>
    at === 0 ? { ...message, descriptor: { type: DESCRIPTOR_PATH, path } } : message,
  );
}
