import type { SourceDescription, SourceOpening } from '#application/ports/source.ts';
import { parseDbType } from '#domain/dataset/db-type.ts';
import { DataForgeError } from '#domain/errors.ts';
import { readArrowColumns } from '#formats/arrow/arrow-columns.ts';
import { frameHeader } from '#formats/flight/flight-data.ts';
import { cutBatches, type Piece } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { type FlightCursor, FlightNewRows } from './flight-new-rows.ts';
import { FLIGHT_OPTIONS, type FlightOptions } from './flight-options.ts';
import { type Endpoint, FlightSession } from './flight-session.ts';
import { type Since, wantedOf } from './flight-wanted.ts';

/** Another Data Forge, or any server of Arrow Flight and Flight SQL. */
export const flightSource = defineSource({
  kind: 'flight',
  description: 'A server of Arrow Flight or Flight SQL',
  options: FLIGHT_OPTIONS,
  open: (options, opening) => cutBatches(piecesOf(options, opening), opening),
  describe,
});

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

async function* piecesOf(options: FlightOptions, opening: SourceOpening): AsyncGenerator<Piece> {
  const { incremental } = options;
  const cursor = opening.cursor as FlightCursor | null;
  const session = await FlightSession.open(options, opening);
  try {
    const { endpoints, ordered } = await session.endpoints(wantedOf(options, sinceOf(options, cursor)));
    const body = bodyOf(session, endpoints);
    if (incremental === null) {
      yield { kind: 'whole', rows: { format: 'arrow', body }, cursor: {} };
      return;
    }
    if (!ordered) {
      const message = 'The rows come from several places in no order; sort them in the query, or read all of them.';
      throw new DataForgeError('source_failed', message);
    }
    yield* new FlightNewRows(incremental.column, cursor).pieces(body, opening.batch.bytes);
  } finally {
    await session.close();
  }
}

function sinceOf({ incremental }: FlightOptions, cursor: FlightCursor | null): Since | null {
  const border = cursor?.border ?? null;
  if (border !== null) return { value: border.value, isNumber: cursor?.isNumber === true };
  const start = incremental?.start ?? null;
  return start === null ? null : { value: start, isNumber: NUMBER.test(start) };
}

/** The messages of all endpoints as one Arrow stream: the schema once, then each as it came. */
async function* bodyOf(session: FlightSession, endpoints: readonly Endpoint[]): AsyncGenerator<Uint8Array> {
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

async function describe(options: FlightOptions, opening: SourceOpening): Promise<SourceDescription | null> {
  const session = await FlightSession.open(options, opening);
  try {
    const since = options.incremental?.start ? sinceOf(options, null) : null;
    const schema = await session.schema(wantedOf(options, since));
    if (schema === null) return null;
    const columns = await readArrowColumns(once(schema));
    const known = columns.map(({ name, dbType }) => ({
      name,
      dbType: parseDbType(dbType) ?? { name: 'VARCHAR' as const },
      nullable: true,
    }));
    return { columns: known, key: [] };
  } finally {
    await session.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
