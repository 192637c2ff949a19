import type { SourceDescription, SourceOpening } from '#application/ports/source.ts';
import { columnsOf } from './flight-columns.ts';
import type { FlightOptions } from './flight-options.ts';
import { FlightSession } from './flight-session.ts';
import { sinceOf, wantedOf } from './flight-wanted.ts';

/** The columns of a flight, by its schema; null where only a ticket is known. */
export async function describeFlight(
  options: FlightOptions,
  opening: SourceOpening,
): Promise<SourceDescription | null> {
  const session = await FlightSession.open(options, opening);
  try {
    const since = options.incremental?.start ? sinceOf(options, null) : null;
    const schema = await session.schema(wantedOf(options, since));
    if (schema === null) return null;
    return { columns: await columnsOf(schema), key: [] };
  } finally {
    await session.close();
  }
}
