import type { SourceOpening } from '#application/ports/source.ts';
import { isNumber } from '#domain/analysis/column.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import { checkIsNumber, firstMoment } from '../shared/backfill-window.ts';
import { columnsOf } from './flight-columns.ts';
import type { FlightCursor } from './flight-new-rows.ts';
import type { FlightOptions } from './flight-options.ts';
import type { FlightSession } from './flight-session.ts';
import { type ColumnValue, guessedValue, isAskedWithin, sinceOf, wantedOf } from './flight-wanted.ts';

/** The values from which and up to which rows are wanted; null: of any value. */
export async function endsOf(
  session: FlightSession,
  options: FlightOptions,
  { cursor, window = null }: SourceOpening,
): Promise<{ readonly since: ColumnValue | null; readonly until: ColumnValue | null }> {
  const known = cursor as FlightCursor | null;
  if (window === null) return { since: sinceOf(options, known), until: null };
  const { from, to } = await windowEnds(session, options, window);
  return { since: known?.border ? sinceOf(options, known) : from, until: to };
}

/** The ends of a window as they are compared with the values of the column, whose type the server is asked for. */
async function windowEnds(session: FlightSession, options: FlightOptions, { from, to }: BackfillWindow) {
  if (!isAskedWithin(options)) return { from: guessedValue(from), to: guessedValue(to) };
  const schema = await session.schema(wantedOf(options, null));
  const columns = schema === null ? [] : await columnsOf(schema);
  const type = columns.find(({ name }) => name === options.incremental?.column)?.dbType ?? { name: 'VARCHAR' };
  const endOf = (text: string): ColumnValue => {
    if (isNumber(type)) checkIsNumber(text);
    return { value: type.name === 'TIMESTAMP' ? firstMoment(text) : text, isNumber: isNumber(type) };
  };
  return { from: endOf(from), to: endOf(to) };
}
