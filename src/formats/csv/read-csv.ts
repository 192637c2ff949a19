import { DataForgeError } from '#domain/errors.ts';
import { decodeOrNull, withoutMark } from '../text/utf8.ts';
import { CsvScanner } from './csv-scanner.ts';

/** A cell: null where it is empty, `''` where it is written `""`. */
export type CsvCell = string | null;

/** One record, or what is wrong with it. `line` is the physical line it begins on, counted from 1. */
export type CsvRecord =
  | { readonly line: number; readonly cells: readonly CsvCell[]; readonly fault: null }
  | { readonly line: number; readonly cells: null; readonly fault: string };

/**
 * Reads CSV (RFC 4180, comma, UTF-8) while it arrives, the header being the first record. LF and CRLF end a record; a
 * blank line is none, unless there is one column, of which it is an empty cell. A byte order mark is left out.
 * @throws DataForgeError `too_large` for a record of more than `maxRecordBytes`
 */
export async function* readCsv(
  body: AsyncIterable<Uint8Array>,
  limits: { readonly maxRecordBytes: number },
): AsyncGenerator<CsvRecord[]> {
  const scanner = new CsvScanner();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  let columns: number | null = null;

  const carry = (bytes: Uint8Array) => {
    carriedBytes += bytes.length;
    if (carriedBytes > limits.maxRecordBytes) {
      throw new DataForgeError(
        'too_large',
        `The CSV record that begins on line ${scanner.recordLine} has more than ${limits.maxRecordBytes} bytes; ` +
          'is a closing quote missing?',
      );
    }
    if (bytes.length > 0) carried.push(bytes);
  };
  const take = (bytes: Uint8Array, records: CsvRecord[]) => {
    carry(bytes);
    const whole = carried.length === 1 ? (carried[0] ?? bytes) : Buffer.concat(carried);
    carried = [];
    carriedBytes = 0;
    const line = scanner.recordLine;
    const text = decodeOrNull(decoder, columns === null ? withoutMark(whole) : whole);
    if ((text === '' || text === '\r') && columns !== null && columns > 1) return;
    const record: CsvRecord =
      text === null ? { line, cells: null, fault: 'This record is not valid UTF-8.' } : parseRecord(line, text);
    columns ??= record.cells?.length ?? 0;
    records.push(record);
  };

  for await (const chunk of body) {
    const records: CsvRecord[] = [];
    let start = 0;
    for (let end = scanner.next(chunk, 0); end >= 0; end = scanner.next(chunk, start)) {
      take(chunk.subarray(start, end), records);
      start = end + 1;
      scanner.beginRecord();
    }
    carry(chunk.slice(start));
    if (records.length > 0) yield records;
  }
  const last: CsvRecord[] = [];
  if (carriedBytes > 0) take(new Uint8Array(0), last);
  if (last.length > 0) yield last;
}

const CELL = /"([^"]*(?:""[^"]*)*)"(?=,|$)|([^",\r\n]*)(?=,|$)/y;

/** Takes one record apart, its line ending already gone but for a CR. */
export function parseRecord(line: number, withEnding: string): CsvRecord {
  const text = withEnding.endsWith('\r') ? withEnding.slice(0, -1) : withEnding;
  const cells: CsvCell[] = [];
  for (let at = 0; at <= text.length; at = CELL.lastIndex + 1) {
    CELL.lastIndex = at;
    const match = CELL.exec(text);
    if (match === null) return { line, cells: null, fault: faultAt(text, at, cells.length + 1) };
    const [, quoted, plain = ''] = match;
    cells.push(quoted === undefined ? (plain === '' ? null : plain) : quoted.replaceAll('""', '"'));
  }
  return { line, cells, fault: null };
}

function faultAt(text: string, at: number, cell: number): string {
  if (text[at] !== '"') {
    const stray = /["\r\n]/.exec(text.slice(at))?.[0];
    return stray === '"'
      ? `Cell ${cell} holds a quote but is not quoted; write it in quotes, its own quotes doubled.`
      : `Cell ${cell} holds a bare carriage return; end lines with LF or CRLF, or quote the cell.`;
  }
  return /^"[^"]*(?:""[^"]*)*"/.test(text.slice(at))
    ? `Cell ${cell} goes on behind its closing quote; double the quotes inside it.`
    : `Cell ${cell} has no closing quote.`;
}
