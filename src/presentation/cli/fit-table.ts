import { displayWidth, table } from './output.ts';

const GAP = 2;
const LEAST_WIDTH = 4;

/** A table that is no wider than the terminal: the widest columns give way first, their texts end in `…`. */
export function fitTable(header: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const widths = header.map((name, at) =>
    Math.max(displayWidth(name), ...rows.map((row) => displayWidth(row[at] ?? ''))),
  );
  const room = Math.max(0, width - GAP * (header.length - 1));
  const most = mostWidth(widths, room);
  const cutRow = (row: readonly string[]) => row.map((cell) => cut(cell, most));
  return table(cutRow(header), rows.map(cutRow));
}

/** The largest width of a column with which all of them have room. */
function mostWidth(widths: readonly number[], room: number): number {
  const fits = (most: number) => widths.reduce((sum, each) => sum + Math.min(each, most), 0) <= room;
  let most = Math.max(LEAST_WIDTH, ...widths);
  if (fits(most)) return most;
  let least = LEAST_WIDTH;
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(middle)) least = middle;
    else most = middle - 1;
  }
  return least;
}

function cut(cell: string, width: number): string {
  if (displayWidth(cell) <= width) return cell;
  let text = '';
  let taken = 0;
  for (const character of cell) {
    taken += displayWidth(character);
    if (taken > width - 1) break;
    text += character;
  }
  return `${text}…`;
}
