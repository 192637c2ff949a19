import type { Dataset } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { flatColumnName } from '#domain/dataset/names.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import { identifier } from '../sql/identifier.ts';
import { currentTable, fieldColumn } from './postgres-layout.ts';
import { quotedName, shortName } from './postgres-names.ts';

/** Who runs people's SQL: a role of its own that may read the views of the datasets, and nothing else of the store. */
export interface Reader {
  readonly role: string;
  readonly password: string;
}

/** The schema of the views, beside that of the store. */
export function viewsSchema(schema: string): string {
  return shortName(`${schema}_sql`);
}

function viewName(dataset: Dataset, schema: string): string {
  return `${identifier(viewsSchema(schema))}.${quotedName(dataset.name)}`;
}

/** Takes the view of a dataset away, so that its columns may change. */
export function dropView(dataset: Dataset, schema: string): string {
  return `DROP VIEW IF EXISTS ${viewName(dataset, schema)}`;
}

/** The view of a dataset: the columns of every flat form, and `_seq`. */
export function createView(dataset: Dataset, schema: string, role: string): string[] {
  const columns = flatColumns(dataset, null).map(({ name, dbType, field }) => {
    return `${shownValue(dbType, fieldColumn(field))} AS ${identifier(shortColumn(name))}`;
  });
  columns.push(`_seq AS ${identifier(flatColumnName(dataset, 'seq'))}`);
  const view = viewName(dataset, schema);
  return [
    `CREATE VIEW ${view} AS SELECT ${columns.join(', ')} FROM ${currentTable(dataset)}`,
    `GRANT SELECT ON ${view} TO ${identifier(role)}`,
  ];
}

/** A view may have columns that are called like a table's own. */
function shortColumn(name: string): string {
  return Buffer.byteLength(name) <= 63 ? name : shortName(name);
}

function shownValue(type: DbType, column: string): string {
  if (type.name === 'TIMESTAMP') return `${column} AT TIME ZONE 'UTC'`;
  return type.name === 'JSON' ? `${column}::json` : column;
}
