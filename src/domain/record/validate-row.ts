import type { Dataset, Property } from '../dataset/dataset.ts';
import { resolveField } from '../dataset/names.ts';
import type { Fault } from '../errors.ts';
import { isUuid } from './id.ts';
import { type Json, JsonObject, kindOfJson } from './json.ts';
import type { CompilePattern } from './pattern.ts';
import { compileRules, type RuleCheck } from './property-rules.ts';
import type { Row, Value } from './value.ts';
import { Invalid, readJsonValue } from './value-rules.ts';

/** A row that may be stored, or everything that is wrong with it. */
export type RowVerdict<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: Fault[] };

export interface NewRow {
  readonly row: Row;
  /** The id the caller gave, lower case; null for none. */
  readonly id: string | null;
}

/** The rules of one dataset, compiled once. Pointers in faults begin with the `base` given to each call. */
export interface RowValidator {
  readonly dataset: Dataset;
  /** A row as POST takes it: properties, and the system columns an export may carry. */
  create(json: Json, base: string): RowVerdict<NewRow>;
  /** A line of an upload: such a row, or a whole record with the row under `data`. */
  createFromLine(json: Json, base: string): RowVerdict<NewRow>;
  /** All properties, as PUT takes them. */
  replace(json: Json, base: string): RowVerdict<Row>;
  /** Some properties, as PATCH takes them: new values by position. */
  patch(json: Json, base: string): RowVerdict<ReadonlyMap<number, Value>>;
  /** The rules on a row whose values are canonical already. */
  check(row: Row, base: string): Fault[];
}

/** @throws Error where a pattern is not RE2 */
export function compileRowValidator(dataset: Dataset, compilePattern: CompilePattern): RowValidator {
  return new CompiledRowValidator(dataset, compilePattern);
}

const RECORD_MEMBERS = new Set([
  'id',
  'schema_name',
  'data',
  'created_at',
  'updated_at',
  'version',
  'composite_id',
  'seq',
  '_seq',
]);

class CompiledRowValidator implements RowValidator {
  readonly dataset: Dataset;
  readonly #positions: ReadonlyMap<string, number>;
  readonly #rules: readonly RuleCheck[];

  constructor(dataset: Dataset, compilePattern: CompilePattern) {
    this.dataset = dataset;
    this.#positions = new Map(dataset.properties.map((property, index) => [property.name, index]));
    this.#rules = dataset.properties.map((property) => compileRules(property, compilePattern));
  }

  createFromLine(json: Json, base: string): RowVerdict<NewRow> {
    if (!(json instanceof JsonObject) || !this.#isWholeRecord(json)) return this.create(json, base);
    const faults: Fault[] = [];
    for (const { name } of json.members) {
      if (!RECORD_MEMBERS.has(name)) faults.push(this.#unknown(name, base, 'a record'));
    }
    repeatedNames(json, base, faults);
    const named = json.get('schema_name');
    if (named !== undefined && named !== this.dataset.name) {
      faults.push({ pointer: `${base}/schema_name`, message: `schema_name must be "${this.dataset.name}" here.` });
    }
    const inner = this.create(json.get('data') ?? null, `${base}/data`);
    const id = this.#readId(json.get('id'), `${base}/id`, faults);
    if (!inner.ok) return { ok: false, faults: [...faults, ...inner.faults] };
    if (faults.length > 0) return { ok: false, faults };
    return { ok: true, value: { row: inner.value.row, id: id ?? inner.value.id } };
  }

  create(json: Json, base: string): RowVerdict<NewRow> {
    const faults: Fault[] = [];
    const given = this.#members(json, base, faults, true);
    if (given === null) return { ok: false, faults };
    const row = this.#fill(given.values, base, faults);
    return faults.length > 0 ? { ok: false, faults } : { ok: true, value: { row, id: given.id } };
  }

  replace(json: Json, base: string): RowVerdict<Row> {
    const faults: Fault[] = [];
    const given = this.#members(json, base, faults, false);
    if (given === null) return { ok: false, faults };
    const row = this.#fill(given.values, base, faults);
    return faults.length > 0 ? { ok: false, faults } : { ok: true, value: row };
  }

  patch(json: Json, base: string): RowVerdict<ReadonlyMap<number, Value>> {
    const faults: Fault[] = [];
    const given = this.#members(json, base, faults, false);
    if (given === null) return { ok: false, faults };
    for (const [index, value] of given.values) this.#checkOne(index, value, base, faults);
    return faults.length > 0 ? { ok: false, faults } : { ok: true, value: given.values };
  }

  check(row: Row, base: string): Fault[] {
    const faults: Fault[] = [];
    row.forEach((value, index) => {
      this.#checkOne(index, value, base, faults);
    });
    return faults;
  }

  #isWholeRecord(json: JsonObject): boolean {
    if (json.get('data') instanceof JsonObject && !this.#positions.has('data')) return true;
    return json.get('schema_name') !== undefined && !this.#positions.has('schema_name');
  }

  /** Reads the members that are there; null where `json` is no object at all. */
  #members(json: Json, base: string, faults: Fault[], system: boolean) {
    if (!(json instanceof JsonObject)) {
      faults.push({ pointer: base, message: `A row must be an object of properties, not ${kindOfJson(json)}.` });
      return null;
    }
    const values = new Map<number, Value>();
    let id: string | null = null;
    for (const { name, value } of json.members) {
      const index = this.#positions.get(name);
      if (index !== undefined) {
        const read = readJsonValue(this.#property(index).dbType, value);
        if (read instanceof Invalid) faults.push(this.#fault(index, read.message, base));
        values.set(index, read instanceof Invalid ? INVALID : read);
        continue;
      }
      const field = system ? resolveField(this.dataset, name) : undefined;
      if (field?.kind === 'system') {
        if (field.name === 'id') id = this.#readId(value, pointer(base, name), faults);
      } else if (this.dataset.additionalProperties === 'refuse') {
        faults.push(this.#unknown(name, base, `dataset "${this.dataset.name}"`));
      }
    }
    // Where each member is a property of its own, none is named twice.
    if (values.size < json.members.length) repeatedNames(json, base, faults);
    return { values, id };
  }

  #fill(given: ReadonlyMap<number, Value>, base: string, faults: Fault[]): Row {
    return this.dataset.properties.map((property, index) => {
      const value = given.get(index);
      const filled = value === undefined ? property.default : value;
      this.#checkOne(index, filled, base, faults);
      return filled;
    });
  }

  #checkOne(index: number, value: Value, base: string, faults: Fault[]): void {
    if (value === INVALID) return;
    const message = this.#rules[index]?.(value) ?? null;
    if (message !== null) faults.push(this.#fault(index, message, base));
  }

  #readId(json: Json | undefined, at: string, faults: Fault[]): string | null {
    if (json === undefined || json === null) return null;
    if (typeof json === 'string' && isUuid(json)) return json.toLowerCase();
    faults.push({ pointer: at, message: 'id must be a UUID; leave it out to have one made.' });
    return null;
  }

  #property(index: number): Property {
    const property = this.dataset.properties[index];
    if (property === undefined) throw new RangeError(`dataset "${this.dataset.name}" has no property ${index}`);
    return property;
  }

  #fault(index: number, message: string, base: string): Fault {
    const { name } = this.#property(index);
    return { pointer: pointer(base, name), message: `${name} ${message}.` };
  }

  #unknown(name: string, base: string, where: string): Fault {
    return {
      pointer: pointer(base, name),
      message: `"${name}" is not a property of ${where}; leave it out or correct its name.`,
    };
  }
}

/** Stands in for a value that was refused already, so that no rule is asked of it. Never leaves this file. */
const INVALID: Value = '\u0000invalid';

function repeatedNames(json: JsonObject, base: string, faults: Fault[]): void {
  const seen = new Set<string>();
  for (const { name } of json.members) {
    if (seen.has(name))
      faults.push({ pointer: pointer(base, name), message: `"${name}" is named twice; name it once.` });
    seen.add(name);
  }
}

/** Appends one member name to a JSON Pointer. */
export function pointer(base: string, name: string): string {
  return `${base}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
