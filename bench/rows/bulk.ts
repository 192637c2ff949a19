import { existsSync, writeFileSync } from 'node:fs';
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import type { BenchContext, BenchGroup } from '../context.ts';
import { alternate, FLIGHTS_COLUMNS, openEngine, SYSTEM_COLUMNS, SYSTEM_VALUES, timed } from '../harness/engine.ts';
import { upload } from '../harness/load.ts';
import { type BenchServer, startServer } from '../harness/server.ts';
import { type Measurement, rate } from '../harness/table.ts';

const TYPED = `columns = {date: 'TIMESTAMP', delay: 'BIGINT', distance: 'BIGINT', origin: 'VARCHAR', destination: 'VARCHAR'}`;

/** Uploads of flights in each format, against the engine's own lenient insert from the same file. */
export const bulkUploads: BenchGroup = {
  name: 'bulk',
  async run(context) {
    const server = await startServer(context.path('bulk'), context.datasets);
    try {
      await makeArrowFile(context, server);
      const measurements: Measurement[] = [];
      for (const form of forms(context)) measurements.push(await measure(context, server, form));
      measurements.push(await jsonArrays(context, server));
      return measurements;
    } finally {
      await server.stop();
    }
  },
};

interface Form {
  readonly name: string;
  readonly file: string;
  readonly type: string;
  readonly source: string;
  readonly against: string;
  readonly least: number;
}

function forms({ files }: BenchContext): Form[] {
  const json = `read_json('${files.ndjson}', format = 'newline_delimited', ${TYPED})`;
  const csv = `read_csv('${files.csv}', header = true, ${TYPED})`;
  const parquet = `read_parquet('${files.parquet}')`;
  return [
    {
      name: 'NDJSON',
      file: files.ndjson,
      type: 'application/x-ndjson',
      source: json,
      against: 'INSERT … FROM read_json',
      least: 0.5,
    },
    { name: 'CSV', file: files.csv, type: 'text/csv', source: csv, against: 'INSERT … FROM read_csv', least: 0.5 },
    {
      name: 'Parquet',
      file: files.parquet,
      type: 'application/vnd.apache.parquet',
      source: parquet,
      against: 'INSERT … FROM read_parquet',
      least: 0.6,
    },
    {
      name: 'Arrow',
      file: files.arrow,
      type: 'application/vnd.apache.arrow.stream',
      source: parquet,
      against: 'INSERT … FROM read_parquet',
      least: 0.4,
    },
  ];
}

async function measure(context: BenchContext, server: BenchServer, form: Form): Promise<Measurement> {
  const engine = await openEngine(context.path(`limit-${form.name}.duckdb`));
  await engine.run(`CREATE TABLE t (${SYSTEM_COLUMNS}, ${FLIGHTS_COLUMNS})`);
  const times = await alternate(
    context.rounds,
    () => upload(`${server.url}/api/v1/records/flights/bulk`, form.file, form.type),
    () => timed(() => engine.run(`INSERT INTO t SELECT ${SYSTEM_VALUES}, * FROM ${form.source}`)),
  );
  engine.close();
  const perSecond = (milliseconds: number) => (context.uploadRows / milliseconds) * 1000;
  return rate(`bulk ${form.name}`, perSecond(times.ours), 'rows/s', perSecond(times.limit), form.against, form.least);
}

/** The rows as the server streams them in Arrow, without the columns that it added. */
async function makeArrowFile({ files }: BenchContext, server: BenchServer): Promise<void> {
  if (existsSync(files.arrow)) return;
  await upload(`${server.url}/api/v1/records/flights/bulk`, files.parquet, 'application/vnd.apache.parquet');
  const response = await fetch(`${server.url}/api/v1/records/flights/stream`, {
    headers: { accept: 'application/vnd.apache.arrow.stream' },
  });
  const table = tableFromIPC(await response.arrayBuffer());
  writeFileSync(
    files.arrow,
    tableToIPC(table.select(['date', 'delay', 'distance', 'origin', 'destination']), 'stream'),
  );
}

const ARRAY_ROWS = 20_000;

/** `POST /records/bulk` with well_production rows, which have a natural key; each upload has new keys. */
async function jsonArrays(context: BenchContext, server: BenchServer): Promise<Measurement> {
  const rows = context.quick ? 2000 : ARRAY_ROWS;
  const engine = await openEngine(context.path('limit-array.duckdb'));
  await engine.run(
    `CREATE TABLE t (${SYSTEM_COLUMNS}, field_code BIGINT, field_name VARCHAR, well_code BIGINT, well_name VARCHAR, ` +
      'production_period TIMESTAMP, days_on_production SMALLINT, oil_kbd DOUBLE, gas_mmcfd DOUBLE, liquids_kbd DOUBLE, ' +
      'water_kbd DOUBLE, data_source VARCHAR, source_data VARCHAR, partition VARCHAR)',
  );
  await engine.run('CREATE UNIQUE INDEX key ON t (field_code, well_code, production_period)');
  let round = 0;
  const times = await alternate(
    context.rounds * 3,
    () => {
      const body = JSON.stringify({ schema_name: 'well_production', data: wells(round++, rows) });
      const file = context.path('array.json');
      writeFileSync(file, body);
      return upload(`${server.url}/api/v1/records/bulk`, file, 'application/json');
    },
    () => {
      const file = context.path('limit-array.json');
      writeFileSync(file, JSON.stringify(wells(round, rows)));
      const columns =
        `columns = {field_code: 'BIGINT', field_name: 'VARCHAR', well_code: 'BIGINT', well_name: 'VARCHAR', production_period: 'TIMESTAMP', ` +
        `days_on_production: 'SMALLINT', oil_kbd: 'DOUBLE', gas_mmcfd: 'DOUBLE', liquids_kbd: 'DOUBLE', water_kbd: 'DOUBLE', ` +
        `data_source: 'VARCHAR', source_data: 'VARCHAR', partition: 'VARCHAR'}`;
      return timed(() =>
        engine.run(`INSERT INTO t SELECT ${SYSTEM_VALUES}, * FROM read_json('${file}', format = 'array', ${columns})`),
      );
    },
  );
  engine.close();
  const perSecond = (milliseconds: number) => (rows / milliseconds) * 1000;
  const work = `POST /records/bulk, ${rows} rows, records returned`;
  return rate(work, perSecond(times.ours), 'rows/s', perSecond(times.limit), 'INSERT … FROM read_json', 0.35);
}

function wells(round: number, rows: number): object[] {
  return Array.from({ length: rows }, (_, row) => ({
    field_code: round,
    field_name: `Field ${round}`,
    well_code: row % 1000,
    well_name: `Well ${row % 1000}`,
    production_period: new Date(Date.UTC(2000, Math.floor(row / 1000), 1)).toISOString().replace('.000Z', 'Z'),
    days_on_production: row % 31,
    oil_kbd: row / 7,
    gas_mmcfd: row / 11,
    liquids_kbd: row / 13,
    water_kbd: row / 17,
    data_source: 'bench',
    source_data: `row ${row}`,
    partition: 'p1',
  }));
}
