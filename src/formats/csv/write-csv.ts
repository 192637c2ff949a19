import type { CsvCell } from './read-csv.ts';

/** One record with its line feed; the empty string is written `""`, null as nothing. */
export function writeCsvRecord(cells: readonly CsvCell[]): string {
  return `${cells.map(writeCell).join(',')}\n`;
}

/** One cell, quoted where it has to be. */
export function writeCell(cell: CsvCell): string {
  if (cell === null) return '';
  return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
