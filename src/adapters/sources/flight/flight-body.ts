import { DataForgeError } from '#domain/errors.ts';
import { frameHeader } from '#formats/flight/flight-data.ts';
import type { Endpoint, FlightSession } from './flight-session.ts';

/** The messages of all endpoints as one Arrow stream: the schema once, then each as it came. */
export async function* bodyOf(session: FlightSession, endpoints: readonly Endpoint[]): AsyncGenerator<Uint8Array> {
  let schema: Uint8Array | null = null;
  for (const endpoint of endpoints) {
    let isFirst = true;
    for await (const { header, body } of session.get(endpoint)) {
      if (header.length === 0) continue;
      if (isFirst && schema !== null) {
        if (Buffer.compare(schema, header) !== 0) throw differs();
      } else {
        schema ??= header;
        yield frameHeader(header);
        if (body.length > 0) yield body;
      }
      isFirst = false;
    }
  }
  if (schema === null) throw new DataForgeError('source_failed', 'The server sent no schema.', { retryable: true });
}

function differs(): DataForgeError {
  return new DataForgeError('source_failed', 'The parts of the flight have different columns.');
}
