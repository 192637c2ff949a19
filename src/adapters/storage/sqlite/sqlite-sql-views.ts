import type { Dataset } from '#domain/dataset/dataset.ts';
import { type DbType, formatDbType } from '#domain/dataset/db-type.ts';
import { flatColumnName } from '#domain/dataset/names.ts';
import { typeOfField } from '#domain/query/field.ts';
import type { Field } from '#domain/query/query.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import { identifier } from '../sql/identifier.ts';
import { currentTable, fieldColumn } from './sqlite-layout.ts';

/** Digits of a decimal that a floating-point number always holds. */
const EXACT_DIGITS = 15;

interface ViewColumn {
  readonly name: string;
  readonly dbType: DbType;
  readonly field: Field;
}

/** The columns that people's SQL sees of a dataset: those of every flat form, and `_seq`. */
function viewColumns(dataset: Dataset): ViewColumn[] {
  const seq: Field = { kind: 'system', name: 'seq' };
  return [
    ...flatColumns(dataset, null),
    { name: flatColumnName(dataset, 'seq'), dbType: typeOfField(seq), field: seq },
  ];
}

/** The view of a dataset, its values as people write them in this engine's SQL. */
export function viewSql(dataset: Dataset): string {
  const columns = viewColumns(dataset).map(({ name, dbType, field }) => {
    return `${shownValue(dbType, fieldColumn(field))} AS ${identifier(name)}`;
  });
  return `CREATE TEMP VIEW ${identifier(dataset.name)} AS SELECT ${columns.join(', ')} FROM main.${currentTable(dataset)}`;
}

/**
 * A table of that name with no rows, whose columns say their storage types: what a query answers is prepared over such
 * tables to know the types of the columns that it takes as they are.
 */
export function typesSql(dataset: Dataset): string {
  const columns = viewColumns(dataset).map(({ name, dbType }) => `${identifier(name)} ${formatDbType(dbType)}`);
  return `CREATE TABLE ${identifier(dataset.name)} (${columns.join(', ')})`;
}

/** Columns of the tables beneath that a view reads. */
export function readColumns(dataset: Dataset): string[] {
  return viewColumns(dataset).map(({ field }) => (field.kind === 'property' ? field.property.name : `_${field.name}`));
}

/** Instants are text, as the engine's own functions of time take it; decimals are numbers where one holds them exactly. */
function shownValue(type: DbType, column: string): string {
  switch (type.name) {
    case 'TIMESTAMP':
      return `forge_moment(${column})`;
    case 'DECIMAL':
      if (type.precision > EXACT_DIGITS) return `forge_decimal(${column}, '${formatDbType(type)}')`;
      return type.scale === 0 ? column : `${column} / ${10 ** type.scale}.0`;
    default:
      return column;
  }
}
