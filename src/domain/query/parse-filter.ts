import type { Dataset } from '../dataset/dataset.ts';
import { formatDbType } from '../dataset/db-type.ts';
import { resolveField } from '../dataset/names.ts';
import { type Json, JsonArray, JsonObject, kindOfJson } from '../record/json.ts';
import { Invalid, readJsonValue } from '../record/value-rules.ts';
import { FaultList } from './faults.ts';
import { nameOfField, typeOfField, unknownFieldMessage } from './field.ts';
import { parseLike } from './like.ts';
import type { ComparisonOperator, Field, Filter } from './query.ts';

export interface FilterLimits {
  /** Conditions in all, groups included. */
  readonly maxConditions: number;
  /** Groups inside each other; a plain list of conditions has depth 1. */
  readonly maxDepth: number;
  /** Values in one `in` list. */
  readonly maxListLength: number;
}

const OPERATORS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'like', 'ilike', 'is_null', 'is_not_null'] as const;
type Operator = (typeof OPERATORS)[number];

const BASE = '/filters';

/**
 * Reads the `filters` of a request: conditions that must all hold.
 * @returns null where there is nothing to filter by
 * @throws DataForgeError `invalid_filter` with every fault; pointers begin with `/filters`
 */
export function parseFilter(dataset: Dataset, json: Json, limits: FilterLimits): Filter | null {
  if (json === null) return null;
  const reader = new FilterReader(dataset, limits);
  const items = reader.list(json, BASE, 1, 'filters');
  reader.faults.throwIfAny('invalid_filter', 'filter');
  const [first] = items;
  return first === undefined || items.length === 1 ? (first ?? null) : { kind: 'and', items };
}

/** Never seen outside: with a fault the whole filter is refused. */
const NOTHING: Filter = { kind: 'or', items: [] };

class FilterReader {
  readonly faults = new FaultList();
  readonly #dataset: Dataset;
  readonly #limits: FilterLimits;
  #count = 0;

  constructor(dataset: Dataset, limits: FilterLimits) {
    this.#dataset = dataset;
    this.#limits = limits;
  }

  list(json: Json, at: string, depth: number, name: string): Filter[] {
    if (!(json instanceof JsonArray)) {
      this.faults.add(at, `${name} must be an array of conditions, not ${kindOfJson(json)}.`);
      return [];
    }
    return json.items.map((item, index) => this.#item(item, `${at}/${index}`, depth));
  }

  #item(json: Json, at: string, depth: number): Filter {
    this.#count++;
    if (this.#count > this.#limits.maxConditions) {
      if (this.#count === this.#limits.maxConditions + 1) {
        this.faults.add(at, `A filter may have at most ${this.#limits.maxConditions} conditions; use "in" for lists.`);
      }
      return NOTHING;
    }
    if (!(json instanceof JsonObject)) {
      return this.#fault(
        at,
        `A condition must be an object like {"field", "operator", "value"}, not ${kindOfJson(json)}.`,
      );
    }
    const group = (['and', 'or', 'not'] as const).find((name) => json.get(name) !== undefined);
    if (group === undefined) return this.#condition(json, at);
    this.faults.checkMembers(json, [group], at);
    if (depth >= this.#limits.maxDepth) {
      return this.#fault(at, `Groups may nest at most ${this.#limits.maxDepth} deep; flatten the filter.`);
    }
    const inner = json.get(group) ?? null;
    return group === 'not'
      ? { kind: 'not', item: this.#item(inner, `${at}/not`, depth + 1) }
      : { kind: group, items: this.list(inner, `${at}/${group}`, depth + 1, group) };
  }

  #condition(json: JsonObject, at: string): Filter {
    this.faults.checkMembers(json, ['field', 'operator', 'value'], at);
    const field = this.#field(json.get('field'), `${at}/field`);
    const operator = this.#operator(json.get('operator'), `${at}/operator`);
    const value = json.get('value');
    if (field === null || operator === null) return NOTHING;
    const type = typeOfField(field);
    if (operator === 'is_null' || operator === 'is_not_null') {
      if (value !== undefined && value !== null)
        return this.#fault(`${at}/value`, `${operator} takes no value; leave it out.`);
      return { kind: 'null', field, negated: operator === 'is_not_null' };
    }
    const refusal = operatorRefusal(operator, type.name);
    if (refusal !== null) {
      return this.#fault(
        `${at}/operator`,
        `${nameOfField(field)} is ${formatDbType(type)}, and ${operator} ${refusal}.`,
      );
    }
    if (value === undefined) {
      return this.#fault(at, `A condition with ${operator} needs a value; for null use is_null or is_not_null.`);
    }
    if (operator === 'in') return this.#in(field, value, `${at}/value`);
    return operator === 'like' || operator === 'ilike'
      ? this.#like(field, value, operator === 'ilike', `${at}/value`)
      : this.#compare(field, operator, value, `${at}/value`);
  }

  #compare(field: Field, operator: ComparisonOperator, json: Json, at: string): Filter {
    const value = readJsonValue(typeOfField(field), json);
    if (value instanceof Invalid) return this.#fault(at, `The value for ${nameOfField(field)} ${value.message}.`);
    return { kind: 'compare', field, operator, value };
  }

  #in(field: Field, json: Json, at: string): Filter {
    if (!(json instanceof JsonArray)) return this.#fault(at, `in takes an array of values, not ${kindOfJson(json)}.`);
    if (json.items.length > this.#limits.maxListLength) {
      return this.#fault(at, `in may list at most ${this.#limits.maxListLength} values; split the query.`);
    }
    const values = json.items.map((item, index) => {
      const value = readJsonValue(typeOfField(field), item);
      if (!(value instanceof Invalid)) return value;
      this.faults.add(`${at}/${index}`, `Each value for ${nameOfField(field)} ${value.message}.`);
      return null;
    });
    return { kind: 'in', field, values };
  }

  #like(field: Field, json: Json, ignoreCase: boolean, at: string): Filter {
    const text = readJsonValue(typeOfField(field), json);
    if (text instanceof Invalid) return this.#fault(at, `The pattern for ${nameOfField(field)} ${text.message}.`);
    if (text === null) return { kind: 'compare', field, operator: 'eq', value: null };
    const pattern = parseLike(String(text));
    if (pattern === null) {
      return this.#fault(at, 'A pattern must not end with a lone "\\"; write "\\\\" for a backslash itself.');
    }
    return { kind: 'like', field, pattern, ignoreCase };
  }

  #field(json: Json | undefined, at: string): Field | null {
    if (typeof json !== 'string') {
      this.#fault(at, 'A condition needs a field: the name of a property or of a system field.');
      return null;
    }
    const field = resolveField(this.#dataset, json);
    if (field === undefined) this.#fault(at, unknownFieldMessage(this.#dataset, json));
    return field ?? null;
  }

  #operator(json: Json | undefined, at: string): Operator | null {
    const operator = OPERATORS.find((name) => name === json);
    if (operator === undefined) this.#fault(at, `A condition needs an operator, one of ${OPERATORS.join(', ')}.`);
    return operator ?? null;
  }

  #fault(at: string, message: string): Filter {
    this.faults.add(at, message);
    return NOTHING;
  }
}

function operatorRefusal(operator: Operator, type: string): string | null {
  if (type === 'JSON') return 'is not for JSON: only is_null and is_not_null are';
  if (operator === 'like' || operator === 'ilike') return type === 'VARCHAR' ? null : 'is for VARCHAR only';
  if (type === 'BOOLEAN' && operator !== 'eq' && operator !== 'ne' && operator !== 'in') {
    return 'does not apply: use eq or ne';
  }
  return null;
}
