import { CsvScanner } from '#formats/csv/csv-scanner.ts';
import { parseRecord } from '#formats/csv/read-csv.ts';

/** Some whole records of CSV. */
export interface CsvPart {
  readonly header: Uint8Array;
  readonly bytes: Uint8Array;
  /** Where each record ends in `bytes`, its line feed included. */
  readonly ends: readonly number[];
}

const MOST_BYTES = 1024 * 1024;

/** Cuts CSV with a header into parts of whole records, of about so many bytes. */
export async function* csvParts(body: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<CsvPart> {
  const scanner = new CsvScanner();
  const size = Math.min(partBytes, MOST_BYTES);
  let header: Uint8Array | null = null;
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += size) {
      const bytes = chunk.subarray(at, at + size);
      const ends: number[] = [];
      for (let end = scanner.next(bytes, 0); end >= 0; end = scanner.next(bytes, end + 1)) ends.push(end + 1);
      const last = ends.at(-1) ?? 0;
      if (last > 0) {
        const whole = Buffer.concat([...carried, bytes.subarray(0, last)]);
        const places = ends.map((end) => end + carriedBytes);
        carried = [];
        carriedBytes = 0;
        const start = header === null ? (places.shift() ?? 0) : 0;
        header ??= whole.subarray(0, start);
        if (places.length > 0) {
          yield { header, bytes: whole.subarray(start), ends: start === 0 ? places : places.map((end) => end - start) };
        }
      }
      if (last < bytes.length) {
        carried.push(bytes.slice(last));
        carriedBytes += bytes.length - last;
      }
    }
  }
}

/** The bytes of a record of a part, its line feed left out. */
export function recordAt({ bytes, ends }: CsvPart, index: number): Uint8Array {
  return bytes.subarray(ends[index - 1] ?? 0, (ends[index] ?? 1) - 1);
}

/** The cells of a record; null where one is empty. */
export function cellsOf(record: Uint8Array): readonly (string | null)[] {
  const text = Buffer.from(record.buffer, record.byteOffset, record.byteLength).toString();
  return parseRecord(0, text).cells ?? [];
}
