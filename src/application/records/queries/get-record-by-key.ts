import { type Dataset, indexOfProperty } from '#domain/dataset/dataset.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import { parseJson } from '#domain/record/json.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import { pointer } from '#domain/record/validate-row.ts';
import type { Value } from '#domain/record/value.ts';
import { Invalid, readTextValue } from '#domain/record/value-rules.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import { openDataset } from '../open-dataset.ts';
import type { PointReads } from '../point-reads.ts';

export interface GetRecordByKeyRequest {
  readonly schema: string;
  /** The key's values as text, by property name. */
  readonly key: ReadonlyMap<string, string>;
}

/** One record by its natural key. */
export function getRecordByKey(catalog: DatasetCatalog, reads: PointReads) {
  return async (request: GetRecordByKeyRequest, call: Call): Promise<RenderedRecord> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'read');
    const key = readKey(dataset, request.key);
    const record = await reads.byKey(dataset, key, call.observation);
    if (record === null) {
      const shown = dataset.primaryKey.map((name) => `${name} = ${request.key.get(name)}`).join(', ');
      throw new DataForgeError('unknown_record', `Dataset "${dataset.name}" has no record with ${shown}.`);
    }
    call.observation.rows++;
    return record;
  };
}

function readKey(dataset: Dataset, given: ReadonlyMap<string, string>): Value[] {
  const names = dataset.primaryKey;
  if (names.length === 0) {
    throw new DataForgeError(
      'invalid_parameter',
      `Dataset "${dataset.name}" has no natural key; read its records by id.`,
    );
  }
  const faults: Fault[] = [];
  for (const name of given.keys()) {
    if (!names.includes(name)) {
      faults.push({
        pointer: pointer('', name),
        message: `"${name}" is not part of the key, which is ${names.join(', ')}.`,
      });
    }
  }
  const key = names.map((name): Value => {
    const text = given.get(name);
    const property = dataset.properties[indexOfProperty(dataset, name)];
    if (text === undefined || property === undefined) {
      faults.push({ pointer: pointer('', name), message: `${name} is missing; the key is ${names.join(', ')}.` });
      return null;
    }
    const value = readTextValue(property.dbType, text, parseJson);
    if (!(value instanceof Invalid)) return value;
    faults.push({ pointer: pointer('', name), message: `${name} ${value.message}.` });
    return null;
  });
  const [first] = faults;
  if (first) throw new DataForgeError('invalid_parameter', first.message, { faults });
  return key;
}
