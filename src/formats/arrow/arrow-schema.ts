import {
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeBinary,
  Float64,
  Int16,
  Int32,
  Int64,
  Schema,
  TimeMicrosecond,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';

const EXTENSIONS: Partial<Record<DbType['name'], string>> = { UUID: 'arrow.uuid', JSON: 'arrow.json' };

/** The Arrow schema of columns, with the canonical extension names of UUID and JSON. */
export function arrowSchemaOf(columns: readonly ColumnSchema[]): Schema {
  return new Schema(
    columns.map(({ name, dbType, nullable }) => {
      const extension = EXTENSIONS[dbType.name];
      const metadata = new Map<string, string>();
      if (extension !== undefined) {
        metadata.set('ARROW:extension:name', extension);
        metadata.set('ARROW:extension:metadata', '');
      }
      return new Field(name, arrowTypeOf(dbType), nullable, metadata);
    }),
  );
}

/** The Arrow type a storage type is sent as. */
function arrowTypeOf(type: DbType): DataType {
  switch (type.name) {
    case 'VARCHAR':
    case 'JSON':
      return new Utf8();
    case 'BIGINT':
      return new Int64();
    case 'INTEGER':
      return new Int32();
    case 'SMALLINT':
      return new Int16();
    case 'DOUBLE':
      return new Float64();
    case 'DECIMAL':
      return new Decimal(type.scale, type.precision, 128);
    case 'BOOLEAN':
      return new Bool();
    case 'DATE':
      return new DateDay();
    case 'TIME':
      return new TimeMicrosecond();
    case 'TIMESTAMP':
      return new TimestampMicrosecond('UTC');
    case 'UUID':
      return new FixedSizeBinary(16);
  }
}
