import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { Piece } from '../shared/cut-batches.ts';
import { bodyOf } from './flight-body.ts';
import { type FlightCursor, FlightNewRows } from './flight-new-rows.ts';
import type { FlightOptions } from './flight-options.ts';
import { FlightSession } from './flight-session.ts';
import { isAskedWithin, wantedOf } from './flight-wanted.ts';
import { endsOf } from './flight-window.ts';

/** The rows of a flight: all of them, those behind the cursor, or those of a window. @throws DataForgeError `source_failed` */
export async function* readFlight(options: FlightOptions, opening: SourceOpening): AsyncGenerator<Piece> {
  const { incremental } = options;
  const cursor = opening.cursor as FlightCursor | null;
  const session = await FlightSession.open(options, opening);
  try {
    const { since, until } = await endsOf(session, options, opening);
    const { endpoints, ordered } = await session.endpoints(wantedOf(options, since, until));
    const body = bodyOf(session, endpoints);
    if (incremental === null) {
      yield { kind: 'whole', rows: { format: 'arrow', body }, cursor: {} };
      return;
    }
    if (!ordered) {
      const message = 'The rows come from several places in no order; sort them in the query, or read all of them.';
      throw new DataForgeError('source_failed', message);
    }
    const window = isAskedWithin(options) ? null : (opening.window ?? null);
    yield* new FlightNewRows(incremental.column, cursor, window).pieces(body, opening.batch.bytes);
  } finally {
    await session.close();
  }
}
