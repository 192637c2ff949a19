import type { SourceDescription, SourceOpening } from '#application/ports/source.ts';
import { parseDbType } from '#domain/dataset/db-type.ts';
import { readArrowColumns } from '#formats/arrow/arrow-columns.ts';
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
