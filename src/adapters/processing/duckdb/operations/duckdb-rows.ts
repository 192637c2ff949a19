import type { ParametersOf } from '#domain/analysis/analysis.ts';
import type { DuckDbContext } from '../duckdb-context.ts';
import { quoted, rowOrder, text } from '../duckdb-sql-text.ts';

/** The operations whose result is rows of the input: `join`, `sample`, `deduplicate`. */
export function joinSql(parameters: ParametersOf<'join'>, { input, other }: DuckDbContext): string {
  const { on, how, columns, other_columns, limit } = parameters;
  const same = on.map(({ left, right }) => `l.${quoted(left)} = r.${quoted(right)}`).join(' AND ');
  const select = [...columns.map((name) => `l.${quoted(name)}`), ...other_columns.map((name) => `r.${quoted(name)}`)];
  const order = [`l.${rowOrder(input)}`, `r.${rowOrder(other ?? input)}`].join(', ');
  return (
    `SELECT ${select.join(', ')} FROM input AS l ${how === 'left' ? 'LEFT' : 'INNER'} JOIN other AS r ON ${same} ` +
    `ORDER BY ${order} LIMIT ${limit}`
  );
}

export function sampleSql({ rows, fraction, seed, columns }: ParametersOf<'sample'>, { input }: DuckDbContext): string {
  const row = rowOrder(input);
  const seeded = `concat(${text(`${seed}:`)}, ${row}::VARCHAR)`;
  const condition = fraction === null ? '' : ` WHERE md5_number_lower(${seeded}) < ${partOfHashes(fraction)}::UHUGEINT`;
  const limit = rows === null ? '' : ` LIMIT ${rows}`;
  return `SELECT ${columns.map(quoted).join(', ')} FROM input${condition} ORDER BY md5(${seeded}), ${row}${limit}`;
}

/** That part of 2^64, as a whole number. */
function partOfHashes(fraction: number): bigint {
  return BigInt(Math.round(fraction * 2 ** 53)) * 2n ** 11n;
}

export function deduplicateSql(
  { on, keep, order_by, columns }: ParametersOf<'deduplicate'>,
  { input }: DuckDbContext,
): string {
  const row = rowOrder(input);
  const ordered = order_by === null ? [] : [quoted(order_by)];
  const forward = [...ordered.map((name) => `${name} NULLS LAST`), row].join(', ');
  const backward = [...ordered.map((name) => `${name} DESC NULLS FIRST`), `${row} DESC`].join(', ');
  const place = `row_number() OVER (PARTITION BY ${on.map(quoted).join(', ')} ORDER BY ${keep === 'first' ? forward : backward})`;
  return `SELECT ${columns.map(quoted).join(', ')} FROM input QUALIFY ${place} = 1 ORDER BY ${forward}`;
}
