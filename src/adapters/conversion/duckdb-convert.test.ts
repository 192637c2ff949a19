import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ConvertFormat, convertFile, readParquetColumns } from './duckdb-convert.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "data-forge-it's-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const COLUMNS = [
  { name: 'n', dbType: 'BIGINT' },
  { name: 'Größe "x"', dbType: 'VARCHAR' },
  { name: 'at', dbType: 'TIMESTAMP' },
];
const CSV = 'n,"Größe ""x""",at\n9007199254740993,,2024-01-31T10:30:00.12Z\n,"",2024-01-31\n';

function file(name: string, format: ConvertFormat, coding: 'gzip' | null = null) {
  return { path: join(folder, name), format, coding };
}

test('rows go through every format and come back as they were', async () => {
  await writeFile(file('a.csv', 'csv').path, CSV);
  expect(await convertFile(file('a.csv', 'csv'), file('b.parquet', 'parquet'), COLUMNS)).toBe(2);
  expect(await readParquetColumns(file('b.parquet', 'parquet').path)).toEqual(COLUMNS);
  await convertFile(file('b.parquet', 'parquet'), file('c.ndjson', 'ndjson'), []);
  expect(await readFile(file('c.ndjson', 'ndjson').path, 'utf8')).toBe(
    '{"n":9007199254740993,"Größe \\"x\\"":null,"at":"2024-01-31T10:30:00.12Z"}\n{"n":null,"Größe \\"x\\"":"","at":"2024-01-31T00:00:00Z"}\n',
  );
  await convertFile(file('c.ndjson', 'ndjson'), file('d.json', 'json'), COLUMNS);
  await convertFile(file('d.json', 'json'), file('e.csv.gz', 'csv', 'gzip'), COLUMNS);
  const back = gunzipSync(await readFile(join(folder, 'e.csv.gz'))).toString();
  expect(back).toBe(CSV.replace('2024-01-31\n', '2024-01-31T00:00:00Z\n'));
});

test('a file that is not what it says is refused in one sentence', async () => {
  await writeFile(file('a.parquet', 'parquet').path, 'no');
  await expect(convertFile(file('a.parquet', 'parquet'), file('b.csv', 'csv'), [])).rejects.toMatchObject({
    code: 'invalid_body',
  });
});
