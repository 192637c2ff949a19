import type { Property } from '#domain/dataset/dataset.ts';
import { FORMAT_PATTERNS } from '#domain/record/formats.ts';
import type { Value } from '#domain/record/value.ts';
import { literal } from '../sql/identifier.ts';
import { columnType } from './duckdb-layout.ts';
import { textShape } from './duckdb-shapes.ts';

/** A canonical value as an SQL literal of its property's type; a bare NULL would be an integer to the engine. */
export function valueLiteral(property: Property, value: Value): string {
  return `${value === null ? 'NULL' : literal(String(value))}::${columnType(property.dbType)}`;
}

/** SQL conditions over a typed column, each false where a value breaks a rule of the property; null values break `required` alone. */
export function ruleConditions(property: Property, column: string): string[] {
  const { rules, required, primaryKey } = property;
  const conditions: string[] = [];
  if (required || primaryKey) conditions.push(`${column} IS NOT NULL`);
  const holds = (condition: string) => conditions.push(`coalesce(${condition}, TRUE)`);
  if (property.type === 'array') holds(`starts_with(${column}, '[')`);
  if (property.type === 'object') holds(`starts_with(${column}, '{')`);
  if (rules.enum !== null) {
    holds(`${column} IN (${rules.enum.map((value) => valueLiteral(property, value)).join(', ')})`);
  }
  if (rules.minimum !== null) holds(`${column} >= ${valueLiteral(property, rules.minimum)}`);
  if (rules.maximum !== null) holds(`${column} <= ${valueLiteral(property, rules.maximum)}`);
  if (rules.minLength !== null) holds(`length(${column}) >= ${rules.minLength}`);
  if (rules.maxLength !== null) holds(`length(${column}) <= ${rules.maxLength}`);
  if (rules.pattern !== null) holds(`regexp_matches(${column}, ${literal(rules.pattern)})`);
  if (rules.format !== null) holds(`regexp_matches(${column}, ${literal(FORMAT_PATTERNS[rules.format])})`);
  return conditions;
}

/** SQL conditions under which the text of a JSON column is kept as it is. */
export function jsonTextConditions(text: string): string[] {
  const keys = `json_keys(TRY_CAST(${text} AS JSON))`;
  const shape = literal(textShape({ name: 'JSON' }) ?? '');
  return [
    `coalesce(regexp_full_match(${text}, ${shape}), TRUE)`,
    `coalesce(starts_with(${text}, '[') OR len(${keys}) = len(list_distinct(${keys})), ${text} IS NULL)`,
  ];
}
