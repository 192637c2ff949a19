import type { DbType } from '#domain/dataset/db-type.ts';
import { meanOf, sortGroups } from '#domain/query/aggregate.ts';
import type { Aggregation, GroupKey, Measure, TimeBucket } from '#domain/query/aggregation.ts';
import { typeOfField } from '#domain/query/field.ts';
import type { Value } from '#domain/record/value.ts';
import { decimalText } from '#formats/columns/decimal.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import { type SqliteConnection, type SqliteRow, WATCHED } from './sqlite-connection.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { currentTable, fieldColumn, isWideDecimal } from './sqlite-layout.ts';
import { decoderOf, type SqliteValue, WIDE_BASE } from './sqlite-values.ts';

/** What the engine is asked for one key or measure, and the value that its columns come to. */
interface Part {
  readonly columns: readonly string[];
  readonly read: (values: SqliteRow) => Value;
}

/** The groups of an aggregation: the engine gathers them; sums are put together and groups sorted exactly here. */
export function aggregateRows(connection: SqliteConnection, query: Aggregation): Value[][] {
  const { dataset, filter, keys, measures } = query;
  const parameters = new SqlParameters('?');
  const condition = compileFilter(filter, sqliteDialect, parameters);
  const keyParts = keys.map(keyPart);
  const parts = [...keyParts, ...measures.map(measurePart)];
  const groups = keyParts.map((_, index) => index + 1).join(', ');
  const statement = connection.prepare(
    `SELECT ${parts.flatMap(({ columns }) => columns).join(', ') || '1'} FROM ${currentTable(dataset)} ` +
      `WHERE ${WATCHED} AND ${condition}${groups === '' ? '' : ` GROUP BY ${groups}`}`,
  );
  const rows = statement.all(...(parameters.values as SqliteValue[])) as unknown as SqliteRow[];
  return sortGroups(
    query,
    rows.map((row) => {
      let from = 0;
      return parts.map(({ columns, read }) => {
        const values = row.slice(from, from + columns.length);
        from += columns.length;
        return read(values);
      });
    }),
  );
}

function keyPart({ field, bucket }: GroupKey): Part {
  const type = typeOfField(field);
  const column = fieldColumn(field);
  if (bucket === null) return single(column, type);
  return type.name === 'DATE' ? single(dayBucket(column, bucket), type) : momentBucket(column, bucket);
}

function single(sql: string, type: DbType): Part {
  const decode = decoderOf(type);
  return { columns: [sql], read: ([value = null]) => decode(value) };
}

/** Microseconds of the parts of time that all have one length, and where a week begins before 1970. */
const LENGTHS: Partial<Record<TimeBucket, number>> = {
  second: 1e6,
  minute: 60e6,
  hour: 3600e6,
  day: 86_400e6,
  week: 7 * 86_400e6,
};
const MONDAY = 3 * 86_400e6;

function momentBucket(column: string, bucket: TimeBucket): Part {
  const type: DbType = { name: 'TIMESTAMP' };
  const length = LENGTHS[bucket];
  if (length !== undefined) {
    const shift = bucket === 'week' ? MONDAY : 0;
    return single(`${floored(`(${column} + ${shift})`, length)} - ${shift}`, type);
  }
  const day = `date(${floored(column, 1e6)} / 1000000, 'unixepoch')`;
  return {
    columns: [dayBucket(day, bucket)],
    read: ([value = null]) => (value === null ? null : `${value}T00:00:00Z`),
  };
}

/** Rounded down to a multiple; the engine's own remainder has the sign of the number. */
function floored(number: string, length: number): string {
  return `(${number} - ((${number} % ${length}) + ${length}) % ${length})`;
}

/** The first day of the part of time that a day, as text, lies in. */
function dayBucket(day: string, bucket: TimeBucket): string {
  switch (bucket) {
    case 'year':
      return `substr(${day}, 1, 4) || '-01-01'`;
    case 'quarter':
      return `substr(${day}, 1, 5) || printf('%02d', (substr(${day}, 6, 2) - 1) / 3 * 3 + 1) || '-01'`;
    case 'month':
      return `substr(${day}, 1, 7) || '-01'`;
    case 'week':
      return `date(${day}, '-' || ((strftime('%w', ${day}) + 6) % 7) || ' days')`;
    default:
      return day;
  }
}

function measurePart({ function: name, field }: Measure): Part {
  if (field === null) return single('count(*)', { name: 'BIGINT' });
  const column = fieldColumn(field);
  const type = typeOfField(field);
  switch (name) {
    case 'count':
      return single(`count(${column})`, { name: 'BIGINT' });
    case 'min':
    case 'max':
      return single(`${name}(${column})`, type);
    case 'sum':
      return type.name === 'DOUBLE' ? single(`sum(${column})`, type) : sumPart(column, type);
    case 'avg':
      return meanPart(column, type);
  }
}

/** The exact sum; null of no values. */
function sumPart(column: string, type: DbType): Part {
  const { columns, read } = exactSum(column, type);
  const scale = type.name === 'DECIMAL' ? type.scale : 0;
  return {
    columns: [`count(${column})`, ...columns],
    read: ([count, ...sums]) => (Number(count) === 0 ? null : decimalText(read(sums, BigInt(count ?? 0)), scale)),
  };
}

function meanPart(column: string, type: DbType): Part {
  if (type.name === 'DOUBLE') {
    return {
      columns: [`count(${column})`, `sum(${column})`],
      read: ([count, sum]) => (Number(count) === 0 ? null : Number(sum) / Number(count)),
    };
  }
  const { columns, read } = exactSum(column, type);
  return {
    columns: [`count(${column})`, ...columns],
    read: ([count, ...sums]) =>
      Number(count) === 0 ? null : meanOf(read(sums, BigInt(count ?? 0)), type, BigInt(count ?? 0)),
  };
}

interface ExactSum {
  readonly columns: readonly string[];
  readonly read: (sums: SqliteRow, count: bigint) => bigint;
}

/** Sums of parts of the numbers, each of which stays within 64 bits: the engine's own sum fails beyond them. */
function exactSum(column: string, type: DbType): ExactSum {
  if (type.name === 'DECIMAL' && isWideDecimal(type)) {
    const digits = [1, 14, 27].map((at) => `sum(CAST(substr(${column}, ${at}, 13) AS INTEGER))`);
    return {
      columns: digits,
      read: ([high, middle, low], count) =>
        (whole(high) * 10n ** 13n + whole(middle)) * 10n ** 13n + whole(low) - count * WIDE_BASE,
    };
  }
  return {
    columns: [`sum(${column} >> 32)`, `sum(${column} & 4294967295)`],
    read: ([high, low]) => (whole(high) << 32n) + whole(low),
  };
}

function whole(value: SqliteValue | undefined): bigint {
  return BigInt(value ?? 0);
}
