import type { Call } from '#application/call.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import { frameHeader } from '#formats/flight/flight-data.ts';
import {
  CommandGetDbSchemas,
  CommandGetKeys,
  CommandGetSqlInfo,
  CommandGetTables,
  CommandGetXdbcTypeInfo,
  type SqlCommand,
} from '#formats/flight/flight-sql-messages.ts';
import { type TableCell, type TableColumn, tableOfRows } from '#formats/flight/table-of-rows.ts';
import { schemaOfDataset } from './dataset-schema.ts';
import { likePattern } from './like-pattern.ts';
import { sqlInfo } from './sql-info.ts';
import { typeInfo } from './type-info.ts';

export const CATALOG = 'data_forge';
export const SCHEMA = 'main';
const TABLE_TYPE = 'TABLE';

const text = (name: string, nullable = false): TableColumn => ({ name, kind: 'text', nullable });
const int32 = (name: string, nullable = false): TableColumn => ({ name, kind: 'int32', nullable });

const TABLES = [text('catalog_name', true), text('db_schema_name', true), text('table_name'), text('table_type')];
const PRIMARY_KEYS = [
  text('catalog_name', true),
  text('db_schema_name', true),
  text('table_name'),
  text('column_name'),
  text('key_name', true),
  int32('key_sequence'),
];
const FOREIGN_KEYS = [
  ...['pk', 'fk'].flatMap((side) => [
    text(`${side}_catalog_name`, true),
    text(`${side}_db_schema_name`, true),
    text(`${side}_table_name`),
    text(`${side}_column_name`),
  ]),
  int32('key_sequence'),
  text('fk_key_name', true),
  text('pk_key_name', true),
  int32('update_rule'),
  int32('delete_rule'),
];

/** The tables of Flight SQL that tell what there is: each dataset is a table of the one schema of the one catalog. */
export async function readCatalog({ name, value }: SqlCommand, useCases: UseCases, call: Call) {
  const datasets = await useCases.listDatasets({}, call);
  const answer = (columns: readonly TableColumn[], rows: readonly (readonly TableCell[])[]) =>
    tableOfRows(columns, rows);
  switch (name) {
    case 'CommandGetCatalogs':
      return answer([text('catalog_name')], [[CATALOG]]);
    case 'CommandGetDbSchemas': {
      const { catalog, schemaPattern } = CommandGetDbSchemas.decode(value);
      const rows = isOurs(catalog) && likePattern(schemaPattern)(SCHEMA) ? [[CATALOG, SCHEMA]] : [];
      return answer([text('catalog_name', true), text('db_schema_name')], rows);
    }
    case 'CommandGetSqlInfo':
      return sqlInfo(CommandGetSqlInfo.decode(value).info);
    case 'CommandGetXdbcTypeInfo':
      return typeInfo(CommandGetXdbcTypeInfo.decode(value).dataType);
    case 'CommandGetTableTypes':
      return answer([text('table_type')], [[TABLE_TYPE]]);
    case 'CommandGetTables':
      return readTables(value, datasets);
    case 'CommandGetPrimaryKeys': {
      const { catalog, schema, table } = CommandGetKeys.decode(value);
      const found =
        isOurs(catalog) && (schema ?? SCHEMA) === SCHEMA ? datasets.filter((one) => one.name === table) : [];
      const rows = found.flatMap((dataset) =>
        dataset.primaryKey.map((column, at) => [CATALOG, SCHEMA, table, column, null, at + 1]),
      );
      return answer(PRIMARY_KEYS, rows);
    }
    case 'CommandGetExportedKeys':
    case 'CommandGetImportedKeys':
    case 'CommandGetCrossReference':
      return answer(FOREIGN_KEYS, []);
    default:
      throw new DataForgeError('method_not_allowed', `This server does not answer ${name.slice(0, 100)}.`);
  }
}

function readTables(value: Uint8Array, datasets: readonly Dataset[]) {
  const { catalog, schemaPattern, tablePattern, tableTypes, includeSchema } = CommandGetTables.decode(value);
  const isAsked =
    isOurs(catalog) &&
    likePattern(schemaPattern)(SCHEMA) &&
    (tableTypes.length === 0 || tableTypes.includes(TABLE_TYPE));
  const found = isAsked ? datasets.filter(({ name }) => likePattern(tablePattern)(name)) : [];
  const columns: readonly TableColumn[] = includeSchema
    ? [...TABLES, { name: 'table_schema', kind: 'blob', nullable: false }]
    : TABLES;
  const rows = found.map((dataset): TableCell[] => [
    CATALOG,
    SCHEMA,
    dataset.name,
    TABLE_TYPE,
    ...(includeSchema ? [frameHeader(schemaOfDataset(dataset, null).header)] : []),
  ]);
  return tableOfRows(columns, rows);
}

/** No catalog asked for means any. */
function isOurs(catalog: string | null): boolean {
  return catalog === null || catalog === '' || catalog === CATALOG;
}
