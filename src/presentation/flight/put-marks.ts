import type { SourceMarks } from '#application/records/source-marks.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonObject, JsonSyntaxError, parseJson } from '#domain/record/json.ts';
import type { FlightData } from '#formats/flight/flight-messages.ts';

const MAX_MARKS = 100;

/** What comes behind the schema without rows: `app_metadata` alone, up to the first message that has rows. */
export async function readMarks(first: FlightData, rest: AsyncIterator<FlightData>): Promise<FlightData[]> {
  const marks: FlightData[] = [];
  if (keyIn(first) !== null) return marks;
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    marks.push(next.value);
    if (next.value.header.byteLength > 0) return marks;
    if (marks.length > MAX_MARKS)
      throw invalid(`More than ${MAX_MARKS} messages of app_metadata came before any rows.`);
  }
  return marks;
}

/**
 * The key under which what is put counts once: of the call's header `idempotency-key`, or of an early `app_metadata`
 * like `{"idempotency_key": "…"}`. Metadata that is something else is the client's own.
 * @throws DataForgeError `invalid_parameter`
 */
export function keyOf(header: string | null, early: readonly FlightData[]): string | null {
  const key = header ?? early.map(keyIn).find((found) => found !== null) ?? null;
  if (key !== null && !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalid('The idempotency key must be 1 to 255 printable ASCII characters without blanks.');
  }
  return key;
}

/**
 * The marks that are to be set with the rows, of early `app_metadata` like `{"marks": {"cursor": "…"}}`.
 * @throws DataForgeError `invalid_parameter`
 */
export function marksOf(early: readonly FlightData[]): SourceMarks {
  const marks = early.flatMap((message) => {
    const given = memberOf(message, 'marks');
    if (given === undefined) return [];
    if (!(given instanceof JsonObject)) throw invalid('The marks in app_metadata must be an object of texts.');
    return given.members.map(({ name, value }) => {
      if (typeof value === 'string') return [name, value] as const;
      throw invalid(`The mark "${name.slice(0, 50)}" in app_metadata must be a text.`);
    });
  });
  return Object.fromEntries(marks);
}

function keyIn(message: FlightData): string | null {
  const key = memberOf(message, 'idempotency_key');
  if (key === undefined) return null;
  if (typeof key === 'string') return key;
  throw invalid('The idempotency_key in app_metadata must be a text.');
}

/** A member of metadata that is a JSON object; metadata that is something else has none. */
function memberOf({ appMetadata }: FlightData, name: string): Json | undefined {
  if (appMetadata === null || appMetadata[0] !== 0x7b) return undefined;
  try {
    const json = parseJson(Buffer.from(appMetadata).toString('utf8'));
    return json instanceof JsonObject ? json.get(name) : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_parameter', message);
}
