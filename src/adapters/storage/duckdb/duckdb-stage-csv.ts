import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { UploadColumn } from '#domain/record/upload-columns.ts';
import { literal } from '../sql/identifier.ts';
import { columnType } from './duckdb-layout.ts';
import { sameTextCondition } from './duckdb-round-trip.ts';
import { jsonTextConditions, ruleConditions, valueLiteral } from './duckdb-rules.ts';
import { textShape, UUID_TEXT } from './duckdb-shapes.ts';
import { lineEndLiteral, PARALLEL_READ, stagedSelect } from './duckdb-staged.ts';

/** SQL that reads a CSV file with a header into a staged table; every column comes as text and is cast here. */
export function stageCsv(dataset: Dataset, columns: readonly UploadColumn[], file: string, lineEnd: string): string {
  const names = columns.map((_, index) => `c${index}: 'VARCHAR'`).join(', ');
  const source =
    `read_csv(${literal(file)}, columns = {${names}}, header = true, delim = ',', quote = '"', escape = '"', ` +
    `auto_detect = false, allow_quoted_nulls = false, strict_mode = true, ignore_errors = true, ${PARALLEL_READ}, new_line = ${lineEndLiteral(lineEnd)})`;
  const idColumn = columns.findIndex((column) => column?.kind === 'id');
  const values = dataset.properties.map((property, index) => {
    const at = columns.findIndex((column) => column?.kind === 'property' && column.index === index);
    return at < 0
      ? {
          value: valueLiteral(property, property.default),
          sure: (column: string) => ruleConditions(property, column),
        }
      : textColumn(property, `c${at}`);
  });
  const id = idColumn < 0 ? null : `c${idColumn}`;
  const idShape = id === null ? 'TRUE' : `coalesce(regexp_full_match(${id}, '${UUID_TEXT}'), TRUE)`;
  return stagedSelect(dataset, { id, values }, source, idShape, null);
}

function textCondition(property: Property, shape: string, raw: string, column: string): string {
  const sameShape = `regexp_full_match(${raw}, ${literal(shape)})`;
  const sameText = sameTextCondition(property, raw, column);
  return sameText === null ? sameShape : `CASE WHEN ${sameText} THEN TRUE ELSE ${sameShape} END`;
}

function textColumn(property: Property, raw: string) {
  const shape = textShape(property.dbType);
  const name = property.dbType.name;
  const cast = `TRY_CAST(${raw} AS ${columnType(property.dbType)})`;
  const value = name === 'VARCHAR' || name === 'JSON' ? raw : name === 'DOUBLE' ? `(${cast} + 0.0)` : cast;
  return {
    value,
    sure: (column: string) => [
      ...(name === 'JSON'
        ? jsonTextConditions(raw)
        : shape === null
          ? []
          : [`coalesce(${textCondition(property, shape, raw, column)}, TRUE)`]),
      `(${raw} IS NULL) = (${column} IS NULL)`,
      ...ruleConditions(property, column),
    ],
  };
}
