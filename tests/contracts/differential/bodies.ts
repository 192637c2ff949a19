import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadParquetCodec } from '#adapters/storage/registry.ts';
import type { BulkFormat } from '#application/ports/bulk-loader.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { flatColumnName } from '#domain/dataset/names.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import type { Row } from '#domain/record/value.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { writeRows } from '#formats/columns/write-values.ts';
import { writeCsvRecord } from '#formats/csv/write-csv.ts';
import { bytesOf } from '../../support/bytes.ts';
import { unknownId } from './filters.ts';
import type { LoadSpec } from './story.ts';
import { canonicalOf, type SentCell, type Table } from './table.ts';

interface SentRow {
  readonly cells: readonly SentCell[];
  readonly id: string | null;
}

const UUID = { name: 'UUID' } as const;

/** The body of an upload in its format. */
export async function bodyOf(table: Table, spec: LoadSpec): Promise<Uint8Array> {
  const typed = spec.format === 'arrow' || spec.format === 'parquet';
  const rows = spec.rows.map((row): SentRow => {
    return {
      cells: table.cells(row, { typed, broken: spec.format !== 'json' }),
      id: row.id === null ? null : unknownId(row.id),
    };
  });
  const all = Array.from({ length: spec.copies }, () => rows).flat();
  const encode = (text: string) => new TextEncoder().encode(text);
  switch (spec.format) {
    case 'ndjson':
      return encode(all.map((row) => `${spec.wholeRecords ? recordText(table, row) : rowText(table, row)}\n`).join(''));
    case 'json':
      return encode(`[${all.map((row) => rowText(table, row)).join(', ')}]`);
    case 'csv':
      return encode(csvText(table, all));
    case 'arrow':
      return bytesOf(arrowOf(table, all));
    case 'parquet':
      return parquetOf(table, all);
  }
}

/** Parquet as Arrow, for the engine that has no reader of it: the same rows. */
export async function withoutParquet(table: Table, spec: LoadSpec) {
  const format: BulkFormat = 'arrow';
  return { format, body: await bodyOf(table, { ...spec, format }) };
}

export function rowText({ dataset }: Table, { cells, id }: SentRow): string {
  const members = cells.map(({ property, sent }) => `${JSON.stringify(property.name)}:${sent}`);
  const given = id === null ? [] : [`${JSON.stringify(flatColumnName(dataset, 'id'))}:"${id}"`];
  return `{${[...given, ...members].join(',')}}`;
}

function recordText(table: Table, { cells, id }: SentRow): string {
  const schema = JSON.stringify(table.dataset.name);
  return `{"id":${JSON.stringify(id)},"schema_name":${schema},"data":${rowText(table, { cells, id: null })},"version":7}`;
}

/** The columns are those that the first row has, or all where it has none. */
function columnsOf(table: Table, rows: readonly SentRow[]) {
  const first = rows[0]?.cells.map(({ property }) => property) ?? [];
  return {
    properties: first.length > 0 ? first : table.dataset.properties,
    withId: rows.some(({ id }) => id !== null),
  };
}

function csvText(table: Table, rows: readonly SentRow[]): string {
  const { properties, withId } = columnsOf(table, rows);
  const idName = flatColumnName(table.dataset, 'id');
  const header = [...(withId ? [idName] : []), ...properties.map(({ name }) => name)];
  const lines = rows.map(({ cells, id }) => [
    ...(withId ? [id] : []),
    ...properties.map((property) => csvCell(cells.find((cell) => cell.property === property))),
  ]);
  return [header, ...lines].map((line) => writeCsvRecord(line)).join('');
}

function csvCell(cell: SentCell | undefined): string | null {
  if (cell === undefined || cell.sent === 'null') return null;
  const { property, sent } = cell;
  if (property.dbType.name === 'JSON' || !/^".*"$/s.test(sent)) return sent;
  return JSON.parse(sent);
}

function typedColumns(table: Table, rows: readonly SentRow[]): { columns: ColumnSchema[]; batch: RecordBatch } {
  const { properties, withId } = columnsOf(table, rows);
  const idColumn = { name: flatColumnName(table.dataset, 'id'), dbType: UUID, nullable: true };
  const columns = [
    ...(withId ? [idColumn] : []),
    ...properties.map(({ name, dbType }) => ({ name, dbType, nullable: true })),
  ];
  const values = rows.map(
    ({ cells, id }): Row => [
      ...(withId ? [id] : []),
      ...properties.map((property) => {
        const cell = cells.find((candidate) => candidate.property === property);
        return cell === undefined ? null : canonicalOf(property, cell.sent);
      }),
    ],
  );
  return { columns, batch: writeRows(columns, values) };
}

function arrowOf(table: Table, rows: readonly SentRow[]): AsyncIterable<Uint8Array> {
  const { columns, batch } = typedColumns(table, rows);
  async function* batches() {
    yield batch;
  }
  return writeArrowStream(columns, batches());
}

async function parquetOf(table: Table, rows: readonly SentRow[]): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'data-forge-differential-'));
  try {
    const [arrow, parquet] = [join(folder, 'rows.arrow'), join(folder, 'rows.parquet')];
    await writeFile(arrow, await bytesOf(arrowOf(table, rows)));
    const { columns } = typedColumns(table, rows);
    const types = columns.map(({ name, dbType }) => ({ name, dbType: formatDbType(dbType) }));
    await (await loadParquetCodec()).fromArrow(arrow, parquet, types, new AbortController().signal);
    return new Uint8Array(await readFile(parquet));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
