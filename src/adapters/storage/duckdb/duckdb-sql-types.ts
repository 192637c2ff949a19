import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBEnumType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import type { DbType } from '#domain/dataset/db-type.ts';
import { parseDbType } from '#domain/dataset/db-type.ts';
import type { SqlColumn, SqlType } from '#domain/sql/sql-type.ts';
import { freeName } from '../sql/free-name.ts';

const integer = (bits: 8 | 16 | 32 | 64, signed: boolean): SqlType => ({ kind: 'integer', bits, signed });
const clock = (unit: 's' | 'ms' | 'us' | 'ns', zoned: boolean): SqlType => ({ kind: 'timestamp', unit, zoned });
const WIDE: SqlType = { kind: 'decimal', precision: 38, scale: 0 };

/**
 * The types without parts. A plain TIMESTAMP is the storage type of that name, whose values are moments in UTC; those
 * of other units are clocks on some wall.
 */
const PLAIN: Partial<Record<DuckDBTypeId, SqlType>> = {
  [DuckDBTypeId.SQLNULL]: { kind: 'null' },
  [DuckDBTypeId.BOOLEAN]: { kind: 'boolean' },
  [DuckDBTypeId.TINYINT]: integer(8, true),
  [DuckDBTypeId.SMALLINT]: integer(16, true),
  [DuckDBTypeId.INTEGER]: integer(32, true),
  [DuckDBTypeId.BIGINT]: integer(64, true),
  [DuckDBTypeId.UTINYINT]: integer(8, false),
  [DuckDBTypeId.USMALLINT]: integer(16, false),
  [DuckDBTypeId.UINTEGER]: integer(32, false),
  [DuckDBTypeId.UBIGINT]: integer(64, false),
  [DuckDBTypeId.HUGEINT]: WIDE,
  [DuckDBTypeId.UHUGEINT]: WIDE,
  [DuckDBTypeId.FLOAT]: { kind: 'float' },
  [DuckDBTypeId.DOUBLE]: { kind: 'double' },
  [DuckDBTypeId.VARCHAR]: { kind: 'text' },
  [DuckDBTypeId.BLOB]: { kind: 'blob' },
  [DuckDBTypeId.DATE]: { kind: 'date' },
  [DuckDBTypeId.TIME]: { kind: 'time' },
  [DuckDBTypeId.UUID]: { kind: 'uuid' },
  [DuckDBTypeId.INTERVAL]: { kind: 'interval' },
  [DuckDBTypeId.TIMESTAMP]: clock('us', true),
  [DuckDBTypeId.TIMESTAMP_TZ]: clock('us', true),
  [DuckDBTypeId.TIMESTAMP_S]: clock('s', false),
  [DuckDBTypeId.TIMESTAMP_MS]: clock('ms', false),
  [DuckDBTypeId.TIMESTAMP_NS]: clock('ns', false),
};

/** What a type of the engine is in a result; null where it has no place of its own and travels as text. */
export function sqlTypeOfEngine(type: DuckDBType): SqlType | null {
  if (type.alias === 'JSON') return { kind: 'json' };
  if (type instanceof DuckDBDecimalType) return { kind: 'decimal', precision: type.width, scale: type.scale };
  if (type instanceof DuckDBEnumType) return { kind: 'enum', values: type.values };
  if (type instanceof DuckDBListType) return listOf(sqlTypeOfEngine(type.valueType), null);
  if (type instanceof DuckDBArrayType) return listOf(sqlTypeOfEngine(type.valueType), type.length);
  if (type instanceof DuckDBMapType) {
    const key = sqlTypeOfEngine(type.keyType);
    const value = sqlTypeOfEngine(type.valueType);
    return key === null || value === null ? null : { kind: 'map', key, value };
  }
  if (type instanceof DuckDBStructType) {
    const types = type.entryTypes.map(sqlTypeOfEngine);
    const fields = type.entryNames.flatMap((name, index) => {
      const field = types[index] ?? null;
      return field === null ? [] : [{ name, type: field }];
    });
    return fields.length === types.length && fields.length > 0 ? { kind: 'struct', fields } : null;
  }
  return PLAIN[type.typeId] ?? null;
}

function listOf(element: SqlType | null, size: number | null): SqlType | null {
  return element === null ? null : { kind: 'list', element, size };
}

/** A column of a result, its name told apart from those before it, and whether it has to be cast to text. */
export interface ResultColumn extends SqlColumn {
  readonly engineType: DuckDBType;
  readonly asText: boolean;
}

export function resultColumns(names: readonly string[], types: readonly DuckDBType[]): ResultColumn[] {
  const taken = new Set<string>();
  return types.map((engineType, index) => {
    const type = sqlTypeOfEngine(engineType);
    const dbType = dbTypeOfEngine(engineType);
    const typeName = engineType.alias ?? String(engineType);
    const name = freeName(names[index] ?? `column_${index + 1}`, taken, names);
    return { name, type: type ?? { kind: 'text' }, typeName, dbType, engineType, asText: type === null };
  });
}

function dbTypeOfEngine(type: DuckDBType): DbType | null {
  if (type.alias === 'JSON') return { name: 'JSON' };
  return parseDbType(String(type)) ?? null;
}
