import type { Dataset } from '../dataset/dataset.ts';
import { resolveField } from '../dataset/names.ts';
import { type Json, JsonArray, JsonObject, kindOfJson } from '../record/json.ts';
import { FaultList } from './faults.ts';
import { nameOfField, typeOfField, unknownFieldMessage } from './field.ts';
import type { SortKey } from './query.ts';

const BASE = '/sort';

/**
 * Reads the `sort` of a request. A field named again further on has no say and is left out.
 * @throws DataForgeError `invalid_sort` with every fault; pointers begin with `/sort`
 */
export function parseSort(dataset: Dataset, json: Json, limits: { readonly maxKeys: number }): SortKey[] {
  if (json === null) return [];
  const faults = new FaultList();
  const keys: SortKey[] = [];
  if (!(json instanceof JsonArray)) {
    faults.add(BASE, `sort must be an array like [{"field", "order"}], not ${kindOfJson(json)}.`);
  } else if (json.items.length > limits.maxKeys) {
    faults.add(BASE, `sort may name at most ${limits.maxKeys} fields.`);
  } else {
    const seen = new Set<string>();
    json.items.forEach((item, index) => {
      const key = readKey(dataset, item, `${BASE}/${index}`, faults);
      if (key === null || seen.has(nameOfField(key.field))) return;
      seen.add(nameOfField(key.field));
      keys.push(key);
    });
  }
  faults.throwIfAny('invalid_sort', 'sort');
  return keys;
}

function readKey(dataset: Dataset, json: Json, at: string, faults: FaultList): SortKey | null {
  if (!(json instanceof JsonObject)) {
    faults.add(at, `A sort key must be an object like {"field", "order"}, not ${kindOfJson(json)}.`);
    return null;
  }
  faults.checkMembers(json, ['field', 'order'], at);
  const order = json.get('order') ?? 'asc';
  if (order !== 'asc' && order !== 'desc') faults.add(`${at}/order`, 'order must be "asc" or "desc".');
  const name = json.get('field');
  if (typeof name !== 'string') {
    faults.add(`${at}/field`, 'A sort key needs a field: the name of a property or of a system field.');
    return null;
  }
  const field = resolveField(dataset, name);
  if (field === undefined) {
    faults.add(`${at}/field`, unknownFieldMessage(dataset, name));
    return null;
  }
  if (typeOfField(field).name === 'JSON') {
    faults.add(`${at}/field`, `${nameOfField(field)} is JSON, which has no order to sort by.`);
    return null;
  }
  return { field, order: order === 'desc' ? 'desc' : 'asc' };
}
