import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ACTIONS } from './actions.ts';
import { FLIGHT_SERVICE } from './flight-service.ts';

const source = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const page = source('../../../docs/reference/flight.md');

/** The first two cells of the rows of the table under a heading. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, 3)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

test('the page has the calls, commands and actions that the code has', () => {
  const calls = Object.keys(FLIGHT_SERVICE).toSorted();
  expect(
    rowsUnder('Calls')
      .map(([name]) => name)
      .toSorted(),
  ).toEqual(calls);
  expect(rowsUnder('Actions')).toEqual(Object.entries(ACTIONS));
  const handled = ['catalog.ts', 'put.ts', 'wanted.ts'].flatMap((file) => {
    return [...source(file).matchAll(/case '(Command\w+)'/g)].map(([, name]) => name ?? '');
  });
  expect(
    rowsUnder('Commands of Flight SQL')
      .map(([name]) => name ?? '')
      .toSorted(),
  ).toEqual([...new Set(handled)].toSorted());
});
