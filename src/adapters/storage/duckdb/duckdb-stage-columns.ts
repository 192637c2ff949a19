import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { INTEGER, matchParquetColumns, type ParquetColumn } from '../shared/parquet-columns.ts';
import { columnType } from './duckdb-layout.ts';
import { jsonTextConditions, ruleConditions, valueLiteral } from './duckdb-rules.ts';
import { stagedSelect } from './duckdb-staged.ts';

/** A column of a typed source. */
export interface SourceColumn extends ParquetColumn {
  /** How SQL reads it. */
  readonly expression: string;
}

/**
 * SQL that checks rows of a typed source (Parquet, Arrow) into a staged table.
 * @throws DataForgeError `invalid_body` where a column is unknown or of a type its property does not take
 */
export function stageColumns(dataset: Dataset, source: readonly SourceColumn[], from: string): string {
  const columns = matchParquetColumns(dataset, source);
  const values = dataset.properties.map((property, index) => {
    const at = columns.findIndex((column) => column?.kind === 'property' && column.index === index);
    const column = source[at];
    return column === undefined
      ? { value: valueLiteral(property, property.default), sure: (name: string) => ruleConditions(property, name) }
      : typedColumn(property, column.expression, column.type);
  });
  const idColumn = source[columns.findIndex((column) => column?.kind === 'id')];
  const id = idColumn === undefined ? null : `${idColumn.expression}::VARCHAR`;
  return stagedSelect(dataset, { id, values }, from, 'TRUE', null);
}

function typedColumn(property: Property, raw: string, type: string) {
  const { dbType } = property;
  const cast = `TRY_CAST(${raw} AS ${columnType(dbType)})`;
  const exact = [`(${raw} IS NULL) = (COLUMN IS NULL)`];
  let value = cast;
  if (dbType.name === 'DOUBLE') {
    value = `(${raw}::DOUBLE + 0.0)`;
    exact.push(`coalesce(isfinite(${raw}::DOUBLE), TRUE)`);
  } else if (
    dbType.name === 'DECIMAL' ||
    ((dbType.name === 'BIGINT' || dbType.name === 'INTEGER' || dbType.name === 'SMALLINT') && !INTEGER.test(type))
  ) {
    exact.push(`coalesce(TRY_CAST(COLUMN AS ${type}) = ${raw}, TRUE)`);
  } else if (dbType.name === 'VARCHAR') {
    value = `${raw}::VARCHAR`;
    exact.push(`coalesce(NOT contains(${raw}::VARCHAR, chr(0)), TRUE)`);
  } else if (dbType.name === 'JSON') {
    value = `${raw}::VARCHAR`;
    exact.push(...jsonTextConditions(value));
  } else if (dbType.name === 'TIMESTAMP') {
    value = type === 'TIMESTAMP WITH TIME ZONE' ? `timezone('UTC', ${raw})` : cast;
    exact.push(`coalesce(isfinite(COLUMN) AND year(COLUMN) BETWEEN 1 AND 9999, TRUE)`);
    if (type === 'TIMESTAMP_NS') exact.push(`coalesce(COLUMN::TIMESTAMP_NS = ${raw}, TRUE)`);
  } else if (dbType.name === 'TIME') {
    exact.push(`coalesce(COLUMN < TIME '24:00:00', TRUE)`);
  } else if (dbType.name === 'DATE') {
    exact.push(`coalesce(isfinite(COLUMN) AND year(COLUMN) BETWEEN 1 AND 9999, TRUE)`);
  }
  return {
    value,
    sure: (column: string) => [
      ...exact.map((condition) => condition.replaceAll('COLUMN', column)),
      ...ruleConditions(property, column),
    ],
  };
}

/** SQL of a value as the text that the exact rule reads, with every digit that it has. */
export function exactText(dbType: DbType, { expression, type }: SourceColumn): string {
  const text = `${expression}::${type === 'FLOAT' ? 'DOUBLE::' : ''}VARCHAR`;
  const isInteger = dbType.name === 'BIGINT' || dbType.name === 'INTEGER' || dbType.name === 'SMALLINT';
  if (!isInteger || (type !== 'DOUBLE' && type !== 'FLOAT')) return text;
  return `coalesce(CASE WHEN ${expression} = trunc(${expression}) THEN TRY_CAST(${expression} AS HUGEINT)::VARCHAR END, ${text})`;
}
