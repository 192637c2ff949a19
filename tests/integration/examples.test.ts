import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { DatasetFolder } from '#adapters/described-files/dataset-folder.ts';
import { openExample, readExampleManifest } from '#adapters/described-files/example-manifest.ts';
import { PipelineFolder } from '#adapters/described-files/pipeline-folder.ts';
import { SOURCES } from '#adapters/sources/registry.ts';
import { requireRows } from '#application/pipelines/pipeline-catalog.ts';
import { EXAMPLES_DIR } from '#config';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import { readRows } from '#formats/rows/read-rows.ts';
import { compileRe2 } from '#infrastructure/re2.ts';

const datasets = await new DatasetFolder(`${EXAMPLES_DIR}/datasets`, compileRe2).read();
const loads = await readExampleManifest(EXAMPLES_DIR);

test('every example dataset is filled, by a file or by a pipeline, and nothing else', async () => {
  const pipelines = await new PipelineFolder(`${EXAMPLES_DIR}/pipelines`, SOURCES).read();
  const filled = new Set([
    ...loads.map(({ dataset }) => dataset),
    ...pipelines.map((pipeline) => requireRows(pipeline).target.dataset),
  ]);
  expect([...filled].sort()).toEqual(datasets.map(({ name }) => name).sort());
});

test.each(loads.filter(({ format }) => format !== 'parquet'))('every row of $dataset is valid', async (load) => {
  const dataset = datasets.find(({ name }) => name === load.dataset);
  if (dataset === undefined) throw new Error(`no dataset ${load.dataset}`);
  const validator = compileRowValidator(dataset, compileRe2);
  const keys = new Set<string>();
  let count = 0;
  for await (const block of readRows(openExample(load), load.format, validator, {
    maxRowBytes: 1e6,
    maxMessageBytes: 1e8,
  })) {
    for (const row of block) {
      if (!row.ok) throw new Error(`line ${row.line}: ${JSON.stringify(row.faults)}`);
      const key = dataset.primaryKey.map((name) => row.row[dataset.properties.findIndex((p) => p.name === name)]);
      keys.add(key.length > 0 ? key.join('|') : String(count));
      count++;
    }
  }
  expect(count).toBeGreaterThan(1000);
  expect(keys.size, 'every natural key is there once').toBe(count);
});

test('the columns of the Parquet file are the properties of flights', async () => {
  const load = loads.find(({ format }) => format === 'parquet');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const described = await connection.runAndReadAll('SELECT name, duckdb_type FROM parquet_schema($1) OFFSET 1', [
    load?.path ?? '',
  ]);
  const dataset = datasets.find(({ name }) => name === load?.dataset);
  expect(described.getRowsJson()).toEqual(dataset?.properties.map(({ name, dbType }) => [name, dbType.name]));
  connection.closeSync();
});

test('the made-up rows are what the generator makes', () => {
  const script = fileURLToPath(new URL('../../scripts/generate-example-data.ts', import.meta.url));
  const files = loads.flatMap(({ path }) =>
    path.includes('well_production') || path.includes('fields_prices') ? [path] : [],
  );
  const before = files.map((file) => readFileSync(file, 'utf8'));
  execFileSync(process.execPath, [script]);
  expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(before.map((text) => text.replaceAll('\r\n', '\n')));
});
