import { crc32 } from 'node:zlib';
import { DataForgeError } from '#domain/errors.ts';
import { CsvScanner } from '#formats/csv/csv-scanner.ts';

/** How much of a body has been read: bytes of whole records, a checksum over them, and how many records they are. */
export interface BodyPlace {
  readonly bytes: number;
  readonly crc: number;
  readonly records: number;
}

export const BODY_START: BodyPlace = { bytes: 0, crc: 0, records: 0 };

export interface BodyRecords {
  readonly bytes: Uint8Array;
  /** Of CSV the first line; null for lines of JSON. */
  readonly header: Uint8Array | null;
  /** The place behind them. */
  readonly place: BodyPlace;
}

/** Records are handed on in parts of about so many bytes, however many come at once. */
const PART_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const BLANK = 0x20;
const LINE_END = Uint8Array.of(LINE_FEED);

/**
 * Cuts a body into whole records while it arrives: lines of JSON, or the records of CSV behind its header. What lies
 * before `from` is read and passed over; the checksum tells whether it is still what it was.
 * @throws DataForgeError `source_failed` where it is not
 */
export async function* resumableRecords(
  body: AsyncIterable<Uint8Array>,
  format: 'ndjson' | 'csv',
  from: BodyPlace | null,
  partBytes = PART_BYTES,
): AsyncGenerator<BodyRecords> {
  const cutter = format === 'csv' ? new CsvCutter() : new LineCutter();
  let place = BODY_START;
  let header: Uint8Array | null = null;
  for await (const cut of wholeRecords(inParts(body, Math.min(partBytes, PART_BYTES)), cutter)) {
    let bytes = cut;
    if (format === 'csv' && header === null) {
      const end = cutter.firstEnd;
      header = bytes.slice(0, end);
      place = advance(place, header);
      bytes = bytes.subarray(end);
    }
    const missing = (from?.bytes ?? 0) - place.bytes;
    const skipped = bytes.subarray(0, Math.max(0, missing));
    place = advance(place, skipped);
    if (from !== null && place.bytes === from.bytes && missing >= 0 && place.crc !== from.crc) throw hasChanged();
    bytes = bytes.subarray(skipped.length);
    if (bytes.length === 0) continue;
    place = { ...advance(place, bytes), records: cutter.records - (header === null ? 0 : 1) };
    yield { bytes, header, place };
  }
  if (from !== null && place.bytes < from.bytes) throw hasChanged();
}

/** Finds the end of the last whole record of a chunk. */
interface Cutter {
  /** How many there are up to there, the header of CSV being one. */
  records: number;
  /** Where the first record of the body ended. */
  firstEnd: number;
  /** @returns how many bytes of the chunk belong to whole records */
  lastEnd(chunk: Uint8Array): number;
}

class LineCutter implements Cutter {
  records = 0;
  firstEnd = 0;

  lastEnd(chunk: Uint8Array): number {
    let end = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, end)) {
      end = at + 1;
      this.records++;
    }
    return end;
  }
}

class CsvCutter implements Cutter {
  records = 0;
  firstEnd = 0;
  readonly #scanner = new CsvScanner();
  #before = 0;

  lastEnd(chunk: Uint8Array): number {
    let end = 0;
    for (let at = this.#scanner.next(chunk, 0); at >= 0; at = this.#scanner.next(chunk, at + 1)) {
      end = at + 1;
      this.records++;
      if (this.firstEnd === 0) this.firstEnd = this.#before + end;
    }
    this.#before += chunk.length;
    return end;
  }
}

async function* inParts(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
  }
}

async function* wholeRecords(body: AsyncIterable<Uint8Array>, cutter: Cutter): AsyncGenerator<Uint8Array> {
  let carried: Uint8Array[] = [];
  for await (const chunk of body) {
    const end = cutter.lastEnd(chunk);
    if (end > 0) {
      const whole = chunk.subarray(0, end);
      yield carried.length === 0 ? whole : Buffer.concat([...carried, whole]);
      carried = [];
    }
    if (end < chunk.length) carried.push(chunk.slice(end));
  }
  const rest = Buffer.concat(carried);
  if (rest.every((byte) => byte <= BLANK)) return;
  cutter.records++;
  // The last record need not end its line; where others follow it in a batch, it must.
  if (cutter.firstEnd === 0) cutter.firstEnd = rest.length + 1;
  yield Buffer.concat([rest, LINE_END]);
}

function advance(place: BodyPlace, bytes: Uint8Array): BodyPlace {
  return bytes.length === 0 ? place : { ...place, bytes: place.bytes + bytes.length, crc: crc32(bytes, place.crc) };
}

function hasChanged(): DataForgeError {
  const message =
    'What the source gives has changed where it was read before, so that nobody can tell which of its rows are stored. Reset the pipeline to read it from its beginning.';
  // An answer that was not the right one may be followed by one that is.
  return new DataForgeError('source_failed', message, { retryable: true });
}
