import type { DbType } from '#domain/dataset/db-type.ts';
import { decimalOf, meanOf } from '#domain/query/aggregate.ts';
import type { Measure } from '#domain/query/aggregation.ts';
import { typeOfField } from '#domain/query/field.ts';
import type { Value } from '#domain/record/value.ts';
import { fieldColumn } from './duckdb-layout.ts';
import { canonicalValue } from './duckdb-rows.ts';

/** A measure in SQL: what groups are sorted by, what is read of each, and what that comes to. */
export interface MeasureSql {
  readonly sorted: readonly string[];
  readonly shown: readonly string[];
  readonly read: (values: readonly unknown[]) => Value;
}

/** Of decimals with more digits than these, two sums are made: the engine's own ends at 38 digits. */
const SAFE_DIGITS = 28;

/** What the halves of a wide decimal are cut by. */
const HALF = 10n ** 19n;

export function measureSql({ function: name, field }: Measure): MeasureSql {
  if (field === null) return counted('count(*)');
  const column = fieldColumn(field);
  const type = typeOfField(field);
  if (name === 'count') return counted(`count(${column})`);
  if (type.name !== 'DOUBLE' && (name === 'sum' || name === 'avg')) return exact(name, column, type);
  const expression = `${name}(${column})`;
  return {
    sorted: [expression],
    shown: [name === 'avg' || name === 'sum' ? expression : canonicalValue(type, expression)],
    read: ([value]) => (value === null ? null : type.name === 'BIGINT' ? BigInt(value as bigint) : (value as Value)),
  };
}

function counted(expression: string): MeasureSql {
  return { sorted: [expression], shown: [expression], read: ([count]) => BigInt(count as bigint) };
}

/** Sums and means of whole numbers and decimals, which the engine gives the parts of. */
function exact(name: 'sum' | 'avg', column: string, type: DbType): MeasureSql {
  const { parts, sumOf, order } = sumParts(column, type);
  const scale = type.name === 'DECIMAL' ? type.scale : 0;
  return {
    sorted: name === 'avg' ? [`avg(${column})`] : order,
    shown: [`count(${column})`, ...parts.map((part) => `${part}::VARCHAR`)],
    read: ([count, ...texts]) => {
      const rows = BigInt(count as bigint);
      if (rows === 0n) return null;
      const sum = sumOf(texts.map((text) => BigInt(String(text).replace('.', ''))));
      return name === 'avg' ? meanOf(sum, type, rows) : decimalOf(sum, scale);
    },
  };
}

interface SumParts {
  readonly parts: readonly string[];
  readonly sumOf: (parts: readonly bigint[]) => bigint;
  readonly order: readonly string[];
}

function sumParts(column: string, type: DbType): SumParts {
  if (type.name !== 'DECIMAL' || type.precision <= SAFE_DIGITS) {
    const sum = type.name === 'DECIMAL' ? `sum(${column})::DECIMAL(38,${type.scale})` : `sum(${column})`;
    return { parts: [sum], sumOf: ([only = 0n]) => only, order: [sum] };
  }
  const unscaled = `replace(${column}::VARCHAR, '.', '')::HUGEINT`;
  const [high, low] = [`sum(${unscaled} // ${HALF})`, `sum(${unscaled} % ${HALF})`];
  const rest = `((${low} % ${HALF}) + ${HALF}) % ${HALF}`;
  return {
    parts: [high, low],
    sumOf: ([first = 0n, second = 0n]) => first * HALF + second,
    order: [`${high} + (${low} - ${rest}) // ${HALF}`, rest],
  };
}
