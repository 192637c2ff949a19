import type { SourceOpening } from '#application/ports/source.ts';
import { cutBatches, type Piece } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { FLIGHT_OPTIONS, type FlightOptions } from './flight-options.ts';

/** Another Data Forge, or any server of Arrow Flight and Flight SQL. What speaks gRPC is loaded where it is needed. */
export const flightSource = defineSource({
  kind: 'flight',
  description: 'A server of Arrow Flight or Flight SQL',
  options: FLIGHT_OPTIONS,
  open: (options, opening) => cutBatches(piecesOf(options, opening), opening),
  describe: async (options, opening) => (await import('./describe-flight.ts')).describeFlight(options, opening),
  windowField: ({ incremental }) => incremental?.column ?? null,
  survey: async (request, opening) => (await import('./flight-survey.ts')).surveyFlight(request, opening),
});

async function* piecesOf(options: FlightOptions, opening: SourceOpening): AsyncGenerator<Piece> {
  const { readFlight } = await import('./flight-reader.ts');
  yield* readFlight(options, opening);
}
