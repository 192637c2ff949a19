import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from './harness/engine.ts';
import type { Measurement } from './harness/table.ts';

/** What every row of the benchmark works with. */
export interface BenchContext {
  /** Small and short, to see that everything runs; its figures mean little. */
  readonly quick: boolean;
  readonly folder: string;
  /** Rows of the big table. */
  readonly tableRows: number;
  /** Rows of one upload. */
  readonly uploadRows: number;
  readonly rounds: number;
  readonly loadMilliseconds: number;
  path(...parts: string[]): string;
  /** A folder with dataset files, and the files of rows to send. */
  readonly datasets: string;
  readonly files: { readonly ndjson: string; readonly csv: string; readonly parquet: string; readonly arrow: string };
}

export interface BenchGroup {
  readonly name: string;
  readonly run: (context: BenchContext) => Promise<Measurement[]>;
}

const FLIGHTS_PARQUET = fileURLToPath(
  new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);

/** Selects so many rows of the real flights, repeated where more are asked for than there are. */
export function flightsSql(rows: number): string {
  const copies = Math.ceil(rows / 3_000_000);
  const columns = 'date, delay::BIGINT AS delay, distance::BIGINT AS distance, origin, destination';
  const source = `SELECT ${columns} FROM read_parquet('${FLIGHTS_PARQUET.replaceAll("'", "''")}')`;
  const repeated = copies === 1 ? source : `SELECT f.* FROM range(${copies}) r, (${source}) f`;
  return `SELECT * FROM (${repeated}) LIMIT ${rows}`;
}

const FLIGHTS_FILE = {
  name: 'flights',
  properties: [
    { name: 'date', type: 'string', db_type: 'TIMESTAMP' },
    { name: 'delay', type: 'integer' },
    { name: 'distance', type: 'integer' },
    { name: 'origin', type: 'string' },
    { name: 'destination', type: 'string' },
  ],
};

/** Makes the temporary folder, its dataset files and the files of rows. */
export async function createContext(quick: boolean): Promise<BenchContext> {
  const folder = mkdtempSync(join(tmpdir(), 'data-forge-bench-'));
  const path = (...parts: string[]) => join(folder, ...parts);
  const datasets = path('datasets');
  mkdirSync(datasets);
  writeFileSync(join(datasets, 'flights.json'), JSON.stringify(FLIGHTS_FILE));
  const example = fileURLToPath(new URL('../examples/datasets/well_production.yaml', import.meta.url));
  const { copyFileSync } = await import('node:fs');
  copyFileSync(example, join(datasets, 'well_production.yaml'));
  const uploadRows = quick ? 50_000 : 1_000_000;
  const files = {
    ndjson: path('rows.ndjson'),
    csv: path('rows.csv'),
    parquet: path('rows.parquet'),
    arrow: path('rows.arrow'),
  };
  await writeRows(path('make.duckdb'), uploadRows, files);
  return {
    quick,
    folder,
    path,
    datasets,
    files,
    tableRows: quick ? 200_000 : 3_000_000,
    uploadRows,
    rounds: quick ? 1 : 3,
    loadMilliseconds: quick ? 500 : 4000,
  };
}

async function writeRows(file: string, rows: number, files: BenchContext['files']): Promise<void> {
  const engine = await openEngine(file);
  const select = flightsSql(rows);
  const iso = `SELECT strftime(date, '%Y-%m-%dT%H:%M:%SZ') AS date, * EXCLUDE (date) FROM (${select})`;
  await engine.run(`COPY (${iso}) TO '${files.ndjson}' (FORMAT json)`);
  await engine.run(`COPY (${iso}) TO '${files.csv}' (FORMAT csv, HEADER)`);
  await engine.run(`COPY (${select}) TO '${files.parquet}' (FORMAT parquet)`);
  engine.close();
  rmSync(file, { force: true });
}

export function removeContext({ folder }: BenchContext): void {
  rmSync(folder, { recursive: true, force: true });
}
