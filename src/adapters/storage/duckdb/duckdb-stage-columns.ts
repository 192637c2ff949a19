import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import { type DbType, formatDbType } from '#domain/dataset/db-type.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import { matchUploadColumns, type UploadColumn } from '#domain/record/upload-columns.ts';
import { pointer } from '#domain/record/validate-row.ts';
import { columnType } from './duckdb-layout.ts';
import { jsonTextConditions, ruleConditions, valueLiteral } from './duckdb-rules.ts';
import { stagedSelect } from './duckdb-staged.ts';

/** A column of a typed source: its name and the engine's type of it. */
export interface SourceColumn {
  readonly name: string;
  readonly type: string;
  /** How SQL reads it. */
  readonly expression: string;
}

const INTEGER = /^(U?(TINY|SMALL|BIG)?INT(EGER)?|U?HUGEINT)$/;
const WHOLE_NUMBERS: readonly RegExp[] = [INTEGER, /^DOUBLE$/, /^FLOAT$/, /^DECIMAL/];

/** Types of a source that become a property's type without loss of any value that fits; that it fits is checked row by row. */
const TAKEN: Readonly<Record<DbType['name'], readonly RegExp[]>> = {
  VARCHAR: [/^VARCHAR$/, /^ENUM/],
  DATE: [/^DATE$/],
  TIME: [/^TIME$/],
  TIMESTAMP: [/^TIMESTAMP(_S|_MS|_NS)?$/, /^TIMESTAMP WITH TIME ZONE$/, /^DATE$/],
  UUID: [/^UUID$/],
  BIGINT: WHOLE_NUMBERS,
  INTEGER: WHOLE_NUMBERS,
  SMALLINT: WHOLE_NUMBERS,
  DOUBLE: [/^DOUBLE$/, /^FLOAT$/, INTEGER],
  DECIMAL: [/^DECIMAL/, INTEGER],
  BOOLEAN: [/^BOOLEAN$/],
  JSON: [/^JSON$/, /^VARCHAR$/],
};

/**
 * SQL that checks rows of a typed source (Parquet, Arrow) into a staged table.
 * @throws DataForgeError `invalid_body` where a column is unknown or of a type its property does not take
 */
export function stageColumns(dataset: Dataset, source: readonly SourceColumn[], from: string): string {
  const { columns, faults } = matchUploadColumns(
    dataset,
    source.map(({ name }) => name),
  );
  const all = [...faults, ...typeFaults(dataset, source, columns)];
  const [first] = all;
  if (first !== undefined) throw new DataForgeError('invalid_body', first.message, { faults: all });
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

function typeFaults(dataset: Dataset, source: readonly SourceColumn[], columns: readonly UploadColumn[]): Fault[] {
  return columns.flatMap((column, at) => {
    const given = source[at];
    if (column === null || given === undefined) return [];
    const property = column.kind === 'property' ? dataset.properties[column.index] : undefined;
    const type: DbType = property?.dbType ?? { name: 'UUID' };
    const taken = column.kind === 'id' ? [...TAKEN.UUID, ...TAKEN.VARCHAR] : TAKEN[type.name];
    if (taken.some((pattern) => pattern.test(given.type))) return [];
    const message = `The column "${given.name}" is ${given.type}, which does not fit ${formatDbType(type)}; convert it before sending.`;
    return [{ pointer: pointer('', given.name), message }];
  });
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
