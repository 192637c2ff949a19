import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { keySql, measureSql } from '../duckdb-measures.ts';

export function groupSql({ by, measures }: ParametersOf<'group'>): string {
  const select = [...by.map(keySql), ...measures.map(measureSql)].join(', ');
  const places = by.map((_, index) => String(index + 1));
  if (places.length === 0) return `SELECT ${select} FROM input`;
  const order = places.map((place) => `${place} NULLS LAST`).join(', ');
  return `SELECT ${select} FROM input GROUP BY ${places.join(', ')} ORDER BY ${order}`;
}
