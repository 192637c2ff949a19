import type { Property } from '../dataset/dataset.ts';
import { FORMAT_PATTERNS } from './formats.ts';
import type { CompilePattern } from './pattern.ts';
import type { Value } from './value.ts';
import { compareValues } from './value-rules.ts';

/** What is wrong with a canonical value, as the end of a sentence that begins with the property's name; null where nothing is. */
export type RuleCheck = (value: Value) => string | null;

/** Compiles the rules of one property: required, enum, bounds, lengths, pattern, format. */
export function compileRules(property: Property, compilePattern: CompilePattern): RuleCheck {
  const checks = [...kindChecks(property), ...boundChecks(property), ...textChecks(property, compilePattern)];
  const mandatory = property.required || property.primaryKey;
  return (value) => {
    if (value === null) return mandatory ? 'is required and must not be null' : null;
    for (const check of checks) {
      const message = check(value);
      if (message !== null) return message;
    }
    return null;
  };
}

type Check = (value: Exclude<Value, null>) => string | null;

/** `array` and `object` are both kept as JSON text, whose first character tells them apart. */
function kindChecks({ type }: Property): Check[] {
  if (type === 'array') return [(value) => (String(value).startsWith('[') ? null : 'must be an array, not an object')];
  if (type === 'object') return [(value) => (String(value).startsWith('{') ? null : 'must be an object, not an array')];
  return [];
}

function boundChecks(property: Property): Check[] {
  const { rules, dbType } = property;
  const checks: Check[] = [];
  if (rules.enum !== null) {
    const allowed = new Set(rules.enum);
    const list = rules.enum
      .map((value) => (typeof value === 'bigint' ? String(value) : JSON.stringify(value)))
      .join(', ');
    checks.push((value) => (allowed.has(value) ? null : `must be one of ${list}`));
  }
  const { minimum, maximum } = rules;
  if (minimum !== null) {
    checks.push((value) => (compareValues(dbType, value, minimum) >= 0 ? null : `must be at least ${minimum}`));
  }
  if (maximum !== null) {
    checks.push((value) => (compareValues(dbType, value, maximum) <= 0 ? null : `must be at most ${maximum}`));
  }
  return checks;
}

function textChecks(property: Property, compilePattern: CompilePattern): Check[] {
  const { minLength, maxLength, pattern, format } = property.rules;
  const checks: Check[] = [];
  if (minLength !== null) {
    checks.push((value) => (codePoints(value) >= minLength ? null : `must have at least ${minLength} characters`));
  }
  if (maxLength !== null) {
    checks.push((value) => (codePoints(value) <= maxLength ? null : `must have at most ${maxLength} characters`));
  }
  if (pattern !== null) {
    const test = compilePattern(pattern);
    checks.push((value) => (test(String(value)) ? null : `must match the pattern ${pattern}`));
  }
  if (format !== null) {
    const test = compilePattern(FORMAT_PATTERNS[format]);
    checks.push((value) => (test(String(value)) ? null : `must be of the format ${format}`));
  }
  return checks;
}

function codePoints(value: Exclude<Value, null>): number {
  let count = 0;
  for (const _ of String(value)) count++;
  return count;
}
