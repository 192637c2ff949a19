import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readArrowColumns } from '#formats/arrow/arrow-columns.ts';
import { convertFile, readParquetColumns } from './duckdb-convert.ts';
import type { ConvertFormat } from './duckdb-convert-file.ts';

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
/** One timestamp has a zone, the other none. */
const CSV = 'n,"Größe ""x""",at\n9007199254740993,,2024-01-31T12:30:00.12+02:00\n,"",2024-01-31\n';
const IN_UTC = CSV.replace('12:30:00.12+02:00', '10:30:00.12Z').replace('2024-01-31\n', '2024-01-31T00:00:00Z\n');

function file(name: string, format: ConvertFormat, coding: 'gzip' | 'zstd' | null = null) {
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
  expect(back).toBe(IN_UTC);
});

test('a file that is not what it says is refused in one sentence', async () => {
  await writeFile(file('a.parquet', 'parquet').path, 'no');
  await expect(convertFile(file('a.parquet', 'parquet'), file('b.csv', 'csv'), [])).rejects.toMatchObject({
    code: 'invalid_body',
  });
  await writeFile(file('a.json', 'json').path, '[]');
  await expect(convertFile(file('a.json', 'json'), file('b.csv', 'csv'), [])).rejects.toThrow('has no columns');
  await expect(convertFile(file('a.csv', 'csv'), file('b.parquet.gz', 'parquet', 'gzip'), COLUMNS)).rejects.toThrow(
    'compressed inside',
  );
});

const EVERY_TYPE: readonly [name: string, dbType: string, sql: string][] = [
  ['flag', 'BOOLEAN', 'n % 2 = 0'],
  ['small', 'SMALLINT', 'n % 100'],
  ['whole', 'BIGINT', '9007199254740993 + n'],
  ['half', 'DOUBLE', 'n + 0.5::DOUBLE'],
  ['exact', 'DECIMAL(38,4)', "'1234567890123456789012345.6789'::DECIMAL(38,4) + n"],
  ['day', 'DATE', "DATE '2024-02-29' + n::INTEGER % 1000"],
  ['clock', 'TIME', "TIME '23:59:59.000001'"],
  ['at', 'TIMESTAMP', "TIMESTAMP '2024-02-29 12:00:00.000001' + to_seconds(n)"],
  ['uuid', 'UUID', "('01a20293-6af7-7ffa-87e3-' || lpad(n::VARCHAR, 12, '0'))::UUID"],
  ['text', 'VARCHAR', "repeat('ü', (n % 20)::INTEGER)"],
  ['json', 'JSON', `'{"b":1.50,"a":[' || n || ']}'`],
];

test('every type goes through Arrow and comes back exactly, over many batches', async () => {
  const rows = 150_000;
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const select = EVERY_TYPE.map(
    ([name, type, sql]) => `CASE WHEN n % 7 = 3 THEN NULL ELSE (${sql})::${type} END AS ${name}`,
  );
  const path = (name: string) => file(name, 'parquet').path.replaceAll("'", "''");
  await connection.run(`COPY (SELECT n, ${select.join(', ')} FROM range(${rows}) r(n)) TO '${path('a.parquet')}'`);
  for (const [arrow, coding] of [
    ['b.arrow', null],
    ['b.arrow.zst', 'zstd'],
  ] as const) {
    expect(await convertFile(file('a.parquet', 'parquet'), file(arrow, 'arrow', coding), [])).toBe(rows);
    const columns = [{ name: 'n', dbType: 'BIGINT' }, ...EVERY_TYPE.map(([name, dbType]) => ({ name, dbType }))];
    if (coding === null) expect(await readArrowColumns(createReadStream(file(arrow, 'arrow').path))).toEqual(columns);
    expect(await convertFile(file(arrow, 'arrow', coding), file('c.parquet', 'parquet'), columns)).toBe(rows);
    const differ = EVERY_TYPE.map(([name]) => `count(*) FILTER (a.${name} IS DISTINCT FROM c.${name}) AS ${name}`);
    const found = await connection.runAndReadAll(
      `SELECT ${differ.join(', ')} FROM '${path('a.parquet')}' a POSITIONAL JOIN '${path('c.parquet')}' c`,
    );
    expect(found.getRowObjectsJson()).toEqual([Object.fromEntries(EVERY_TYPE.map(([name]) => [name, '0']))]);
  }
  connection.closeSync();
  instance.closeSync();
});

test('CSV and JSON become Arrow and come back', async () => {
  await writeFile(file('a.csv', 'csv').path, CSV);
  expect(await convertFile(file('a.csv', 'csv'), file('b.arrow', 'arrow'), COLUMNS)).toBe(2);
  expect(await convertFile(file('b.arrow', 'arrow'), file('c.json', 'json'), COLUMNS)).toBe(2);
  await convertFile(file('c.json', 'json'), file('d.arrow', 'arrow'), COLUMNS);
  await convertFile(file('d.arrow', 'arrow'), file('e.csv', 'csv'), COLUMNS);
  const back = await readFile(file('e.csv', 'csv').path, 'utf8');
  expect(back).toBe(IN_UTC);
});

test('a file that breaks off leaves neither a half nor a whole file behind', async () => {
  await writeFile(file('a.csv', 'csv').path, CSV);
  await convertFile(file('a.csv', 'csv'), file('b.arrow', 'arrow'), COLUMNS);
  const whole = await readFile(file('b.arrow', 'arrow').path);
  await writeFile(file('cut.arrow', 'arrow').path, whole.subarray(0, whole.length - 200));
  const cut = convertFile(file('cut.arrow', 'arrow'), file('out.csv', 'csv'), COLUMNS);
  await expect(cut).rejects.toMatchObject({ code: 'invalid_body' });
  expect((await readdir(folder)).filter((name) => name.startsWith('out'))).toEqual([]);
});
