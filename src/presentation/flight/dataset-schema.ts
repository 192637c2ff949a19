import type { Dataset } from '#domain/dataset/dataset.ts';
import { parseFields } from '#domain/query/parse-fields.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import type { Json } from '#domain/record/json.ts';
import { sqlTypeOf } from '#domain/sql/sql-type.ts';
import { ArrowEncoder, type ArrowMessage } from '#formats/arrow/arrow-encoder.ts';
import type { ArrowColumn } from '#formats/arrow/arrow-schema.ts';

/** The Arrow schema of a dataset's records. */
export function schemaOfDataset(dataset: Dataset, fields: Json): ArrowMessage {
  return new ArrowEncoder(arrowColumns(flatColumns(dataset, parseFields(dataset, fields)))).schema;
}

export function arrowColumns(columns: readonly ColumnSchema[]): ArrowColumn[] {
  return columns.map(({ name, dbType, nullable }) => ({ name, nullable, type: sqlTypeOf(dbType) }));
}
