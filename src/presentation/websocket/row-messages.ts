const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const END = Buffer.from(']}');

/** A message with rows, and how many they are. */
export interface RowMessage {
  readonly message: Uint8Array;
  readonly rows: number;
}

/**
 * Lines of JSON as messages of rows: the line ends become commas, nothing else is touched, so that values stay as exact
 * as the engine wrote them.
 * @param id of the query, as JSON
 */
export async function* rowMessages(id: string, lines: AsyncIterable<Uint8Array>): AsyncGenerator<RowMessage> {
  const start = Buffer.from(`{"type":"rows","id":${id},"rows":[`);
  let carried: Uint8Array[] = [];
  for await (const block of lines) {
    const end = block.lastIndexOf(LINE_FEED);
    if (end < 0) {
      carried.push(block.slice());
      continue;
    }
    yield messageOf(start, [...carried, block.subarray(0, end)]);
    carried = end + 1 < block.length ? [block.slice(end + 1)] : [];
  }
  if (carried.length > 0) yield messageOf(start, carried);
}

function messageOf(start: Uint8Array, parts: readonly Uint8Array[]): RowMessage {
  const message = Buffer.concat([start, ...parts, END]);
  let rows = 1;
  for (let at = message.indexOf(LINE_FEED, start.length); at >= 0; at = message.indexOf(LINE_FEED, at + 1)) {
    message[at] = COMMA;
    rows++;
  }
  return { message, rows };
}
