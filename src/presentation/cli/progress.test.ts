import { expect, test } from 'vitest';
import type { TextSink } from './output.ts';
import { formatBytes, formatCount, formatTime, Progress } from './progress.ts';

function sink(isTTY: boolean): TextSink & { readonly texts: string[] } {
  const texts: string[] = [];
  return { isTTY, columns: 100, texts, write: (text) => texts.push(String(text)) > 0 };
}

test('a terminal gets a bar with rows a second and the time that is left', () => {
  let now = 0;
  const terminal = sink(true);
  const progress = new Progress(terminal, { label: 'a.csv', total: 1000, unit: 'bytes', now: () => now });
  now = 2000;
  progress.rows(50_000);
  now = 4000;
  progress.advance(250);
  now = 4010;
  progress.advance(250);
  expect(terminal.texts).toHaveLength(2);
  expect(terminal.texts[1]).toBe(
    '\ra.csv  ██████░░░░░░░░░░░░░░░░░░  25 %  250 B  50\u202f000 rows  12\u202f500 rows/s  12 s left\u001b[K',
  );
  now = 5000;
  progress.advance(500);
  expect(terminal.texts.at(-1)).toContain('100 %  1.0 kB  storing  5.0 s');
  now = 4000;
  progress.finish();
  expect(terminal.texts.at(-1)).toMatch(/100 %.*4\.0 s/);
});

test('a pipe gets a plain line every few seconds and one at the end', () => {
  let now = 0;
  const pipe = sink(false);
  const progress = new Progress(pipe, { label: 'export', total: 100, unit: 'rows', now: () => now });
  for (let at = 0; at < 10; at++) {
    now += 1000;
    progress.advance(10);
  }
  progress.finish();
  expect(pipe.texts).toEqual([
    'export  50 %  50 rows  10 rows/s  5.0 s left\n',
    'export  100 %  100 rows  10 rows/s  10 s\n',
    'export  100 %  100 rows  10 rows/s  10 s\n',
  ]);
});

test('without a place to write nothing happens', () => {
  const progress = new Progress(null, { label: 'x', total: null, unit: 'rows' });
  progress.advance(1);
  progress.finish();
});

test('figures are written for people', () => {
  expect([0, 999, 1234567].map(formatCount)).toEqual(['0', '999', '1\u202f234\u202f567']);
  expect([0, 999, 1500, 25_300_000, 1e15].map(formatBytes)).toEqual(['0 B', '999 B', '1.5 kB', '25 MB', '1000 TB']);
  expect([0.04, 9.99, 59.6, 61, 3660].map(formatTime)).toEqual([
    '0.0 s',
    '10.0 s',
    '1 min 0 s',
    '1 min 1 s',
    '1 h 1 min',
  ]);
});
