import type { Dataset } from '../dataset/dataset.ts';
import { indexOfProperty } from '../dataset/dataset.ts';
import { resolveField } from '../dataset/names.ts';
import { type Json, JsonArray, kindOfJson } from '../record/json.ts';
import { didYouMean } from '../text/suggest.ts';
import { FaultList } from './faults.ts';

const BASE = '/fields';

/**
 * Reads `fields`: property names with commas between them, or an array of names (for names that hold a comma).
 * @returns their positions, ascending; null where all are wanted
 * @throws DataForgeError `invalid_parameter` with every fault; pointers begin with `/fields`
 */
export function parseFields(dataset: Dataset, json: Json): number[] | null {
  if (json === null || json === '') return null;
  const faults = new FaultList();
  const positions = new Set<number>();
  if (typeof json === 'string') {
    for (const name of json.split(',')) positions.add(position(dataset, name.trim(), BASE, faults));
  } else if (json instanceof JsonArray) {
    json.items.forEach((item, index) => {
      if (typeof item === 'string') positions.add(position(dataset, item, `${BASE}/${index}`, faults));
      else faults.add(`${BASE}/${index}`, `A field must be the name of a property, not ${kindOfJson(item)}.`);
    });
  } else {
    faults.add(BASE, `fields must be names with commas between them, or an array of names, not ${kindOfJson(json)}.`);
  }
  faults.throwIfAny('invalid_parameter', 'list of fields');
  return [...positions].sort((a, b) => a - b);
}

function position(dataset: Dataset, name: string, at: string, faults: FaultList): number {
  const index = indexOfProperty(dataset, name);
  if (index >= 0) return index;
  const names = dataset.properties.map((property) => property.name);
  const isSystem = resolveField(dataset, name)?.kind === 'system';
  const hint = isSystem ? '; system fields are in every record, leave it out' : didYouMean(name, names);
  faults.add(at, `"${name}" is not a property of dataset "${dataset.name}"${hint}.`);
  return index;
}
