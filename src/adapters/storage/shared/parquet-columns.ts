import type { Dataset } from '#domain/dataset/dataset.ts';
import { type DbType, formatDbType } from '#domain/dataset/db-type.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import { matchUploadColumns, type UploadColumn } from '#domain/record/upload-columns.ts';
import { pointer } from '#domain/record/validate-row.ts';

/** A column of a Parquet file: its name, and its type as DuckDB calls it. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: string;
}

/** DuckDB's names of whole numbers. */
export const INTEGER = /^(U?(TINY|SMALL|BIG)?INT(EGER)?|U?HUGEINT)$/;
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
 * What each column of a Parquet file is for a dataset.
 * @throws DataForgeError `invalid_body` where one is unknown, or of a type its property does not take
 */
export function matchParquetColumns(dataset: Dataset, source: readonly ParquetColumn[]): readonly UploadColumn[] {
  const { columns, faults } = matchUploadColumns(
    dataset,
    source.map(({ name }) => name),
  );
  const all = [...faults, ...typeFaults(dataset, source, columns)];
  const [first] = all;
  if (first !== undefined) throw new DataForgeError('invalid_body', first.message, { faults: all });
  return columns;
}

function typeFaults(dataset: Dataset, source: readonly ParquetColumn[], columns: readonly UploadColumn[]): Fault[] {
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
