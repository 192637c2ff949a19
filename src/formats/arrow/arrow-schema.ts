import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int,
  Int32,
  IntervalMonthDayNano,
  List,
  Map_,
  Null,
  Schema,
  Struct,
  TimeMicrosecond,
  Timestamp,
  TimeUnit,
  Utf8,
} from 'apache-arrow';
import type { SqlType } from '#domain/sql/sql-type.ts';

/** A column of an Arrow schema; `nullable` where it does not say. */
export interface ArrowColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable?: boolean;
}

/** The values of a dictionary, under the number that fields and dictionary batches share. */
export interface ArrowDictionary {
  readonly id: number;
  readonly values: readonly string[];
}

const EXTENSIONS: Partial<Record<SqlType['kind'], string>> = { uuid: 'arrow.uuid', json: 'arrow.json' };
const UNITS = {
  s: TimeUnit.SECOND,
  ms: TimeUnit.MILLISECOND,
  us: TimeUnit.MICROSECOND,
  ns: TimeUnit.NANOSECOND,
} as const;

/**
 * The Arrow schema of columns, with the canonical extension names of UUID and JSON; an enum is a dictionary of its own.
 * @returns the dictionaries besides, in the order of their numbers
 */
export function arrowSchemaOf(columns: readonly ArrowColumn[]): {
  readonly schema: Schema;
  readonly dictionaries: readonly ArrowDictionary[];
} {
  const dictionaries: ArrowDictionary[] = [];
  const fields = columns.map(({ name, type, nullable = true }) => fieldOf(name, type, nullable, dictionaries));
  return { schema: new Schema(fields), dictionaries };
}

function fieldOf(name: string, type: SqlType, nullable: boolean, dictionaries: ArrowDictionary[]): Field {
  const extension = EXTENSIONS[type.kind];
  const metadata = new Map<string, string>();
  if (extension !== undefined) {
    metadata.set('ARROW:extension:name', extension);
    metadata.set('ARROW:extension:metadata', '');
  }
  return new Field(name, arrowTypeOf(type, dictionaries), nullable, metadata);
}

function arrowTypeOf(type: SqlType, dictionaries: ArrowDictionary[]): DataType {
  switch (type.kind) {
    case 'null':
      return new Null();
    case 'boolean':
      return new Bool();
    case 'integer':
      return new Int(type.signed, type.bits);
    case 'float':
      return new Float32();
    case 'double':
      return new Float64();
    case 'decimal':
      return new Decimal(type.scale, type.precision, 128);
    case 'text':
    case 'json':
      return new Utf8();
    case 'blob':
      return new Binary();
    case 'date':
      return new DateDay();
    case 'time':
      return new TimeMicrosecond();
    case 'timestamp':
      return new Timestamp(UNITS[type.unit], type.zoned ? 'UTC' : null);
    case 'uuid':
      return new FixedSizeBinary(16);
    case 'interval':
      return new IntervalMonthDayNano();
    case 'enum': {
      const id = dictionaries.length;
      dictionaries.push({ id, values: type.values });
      return new Dictionary(new Utf8(), new Int32(), id);
    }
    default:
      return nestedTypeOf(type, dictionaries);
  }
}

function nestedTypeOf(
  type: Extract<SqlType, { readonly kind: 'list' | 'struct' | 'map' }>,
  dictionaries: ArrowDictionary[],
): DataType {
  switch (type.kind) {
    case 'list': {
      const item = fieldOf('item', type.element, true, dictionaries);
      return type.size === null ? new List(item) : new FixedSizeList(type.size, item);
    }
    case 'struct':
      return new Struct(type.fields.map((field) => fieldOf(field.name, field.type, true, dictionaries)));
    case 'map': {
      const key = fieldOf('key', type.key, false, dictionaries);
      const value = fieldOf('value', type.value, true, dictionaries);
      return new Map_(new Field('entries', new Struct<{ key: DataType; value: DataType }>([key, value]), false));
    }
  }
}
