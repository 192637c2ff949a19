import { expect, test } from 'vitest';
import { negotiateCoding, negotiateType } from './accept.ts';

const OFFERS = ['application/x-ndjson', 'text/csv', 'application/vnd.apache.parquet'] as const;

test.each([
  [undefined, 'application/x-ndjson'],
  ['', 'application/x-ndjson'],
  ['*/*', 'application/x-ndjson'],
  ['text/csv', 'text/csv'],
  ['TEXT/CSV', 'text/csv'],
  ['text/csv; charset=utf-8', 'text/csv'],
  ['text/*', 'text/csv'],
  ['application/*;q=0.2, text/csv;q=0.3', 'text/csv'],
  ['application/x-ndjson;q=0, */*', 'text/csv'],
  ['text/html, */*;q=0.1', 'application/x-ndjson'],
  ['text/csv;q=0.5, application/vnd.apache.parquet;q=0.5', 'text/csv'],
  ['text/html', null],
  ['text/csv;q=0', null],
  ['text/csv;q=nonsense', null],
  ['*/*;q=0', null],
])('Accept: %s gives %s', (header, expected) => {
  expect(negotiateType(header, OFFERS)).toBe(expected);
});

test.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'zstd'],
  ['gzip, deflate, br', 'br'],
  ['gzip;q=1, br;q=0.5', 'gzip'],
  ['deflate', 'identity'],
  ['*', 'zstd'],
  ['identity;q=1, gzip;q=0.5', 'identity'],
  ['gzip;q=0', 'identity'],
  ['zstd;q=0, *', 'br'],
])('Accept-Encoding: %s gives %s', (header, expected) => {
  expect(negotiateCoding(header)).toBe(expected);
});
