import type { StoredRecord } from '../record/record.ts';
import type { Value } from '../record/value.ts';
import { compareValues } from '../record/value-rules.ts';
import { typeOfField, valueOfField } from './field.ts';
import { compileLike } from './like.ts';
import type { ComparisonOperator, Filter } from './query.ts';

/** SQL's three values; null is "unknown". */
export type Truth = boolean | null;
export type Condition = (record: StoredRecord) => Truth;

/** Compiles a filter into a test of records; a record matches where the answer is `true`, not where it is unknown. */
export function compileFilter(filter: Filter): Condition {
  switch (filter.kind) {
    case 'and':
      return all(filter.items.map(compileFilter), false);
    case 'or':
      return all(filter.items.map(compileFilter), true);
    case 'not': {
      const inner = compileFilter(filter.item);
      return (record) => negate(inner(record));
    }
    case 'null':
      return (record) => (valueOfField(filter.field, record) === null) !== filter.negated;
    case 'like': {
      const test = compileLike(filter.pattern, filter.ignoreCase);
      return (record) => {
        const value = valueOfField(filter.field, record);
        return value === null ? null : test(String(value));
      };
    }
    case 'in':
      return compileIn(filter);
    case 'compare':
      return compileComparison(filter);
  }
}

/** The answer for one record. */
export function evaluate(filter: Filter, record: StoredRecord): Truth {
  return compileFilter(filter)(record);
}

/** `decisive` is what one item settles alone: false for `and`, true for `or`. */
function all(items: readonly Condition[], decisive: boolean): Condition {
  return (record) => {
    let unknown = false;
    for (const item of items) {
      const truth = item(record);
      if (truth === decisive) return decisive;
      if (truth === null) unknown = true;
    }
    return unknown ? null : !decisive;
  };
}

function negate(truth: Truth): Truth {
  return truth === null ? null : !truth;
}

function compileIn(filter: Filter & { kind: 'in' }): Condition {
  const values = new Set<Value>(filter.values);
  const hasNull = values.delete(null);
  return (record) => {
    if (values.size === 0 && !hasNull) return false;
    const value = valueOfField(filter.field, record);
    if (value === null) return null;
    return values.has(value) ? true : hasNull ? null : false;
  };
}

const TESTS: Readonly<Record<ComparisonOperator, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
};

function compileComparison({ field, operator, value: wanted }: Filter & { kind: 'compare' }): Condition {
  if (wanted === null) return () => null;
  const type = typeOfField(field);
  const test = TESTS[operator];
  return (record) => {
    const value = valueOfField(field, record);
    return value === null ? null : test(compareValues(type, value, wanted));
  };
}
