import type { Dataset } from '../dataset/dataset.ts';
import { resolveField } from '../dataset/names.ts';
import { type Json, JsonArray, JsonObject, kindOfJson } from '../record/json.ts';
import {
  AGGREGATE_FUNCTIONS,
  type AggregateFunction,
  type Aggregation,
  bucketsOf,
  type GroupKey,
  isAggregable,
  type Measure,
  type TimeBucket,
} from './aggregation.ts';
import { FaultList } from './faults.ts';
import { nameOfField, typeOfField, unknownFieldMessage } from './field.ts';
import type { Field } from './query.ts';

/** An aggregation as a request brings it. */
export interface RawAggregation {
  /** `[{"field", "bucket"?}]`; null for none. */
  readonly groupBy: Json;
  /** `[{"function", "field"?}]`; null for the count of rows alone. */
  readonly measures: Json;
  /** `[{"function"?, "field"?, "order"}]`: a key by its field, a measure by its function and field. */
  readonly sort: Json;
}

const MAX_KEYS = 16;
const MAX_MEASURES = 200;

/** @throws DataForgeError `invalid_parameter` with every fault; pointers begin with `/group_by`, `/measures` and `/sort` */
export function parseAggregation(
  dataset: Dataset,
  raw: RawAggregation,
): Pick<Aggregation, 'keys' | 'measures' | 'sort'> {
  const faults = new FaultList();
  const keys = listOf(raw.groupBy, '/group_by', MAX_KEYS, faults).flatMap((item, index) =>
    readKey(dataset, item, `/group_by/${index}`, faults),
  );
  const measures =
    raw.measures === null
      ? [{ function: 'count', field: null } as const]
      : listOf(raw.measures, '/measures', MAX_MEASURES, faults).flatMap((item, index) =>
          readMeasure(dataset, item, `/measures/${index}`, faults),
        );
  const seen = new Set<string>();
  keys.forEach((key, index) => {
    const name = nameOfField(key.field);
    if (seen.has(name)) faults.add(`/group_by/${index}/field`, `${name} is named twice; name it once.`);
    seen.add(name);
  });
  const sort = listOf(raw.sort, '/sort', MAX_KEYS, faults).flatMap((item, index) =>
    readOrder(dataset, item, { keys, measures }, `/sort/${index}`, faults),
  );
  faults.throwIfAny('invalid_parameter', 'aggregation');
  return { keys, measures, sort };
}

function listOf(json: Json, at: string, most: number, faults: FaultList): readonly Json[] {
  if (json === null) return [];
  if (!(json instanceof JsonArray)) faults.add(at, `${at.slice(1)} must be an array, not ${kindOfJson(json)}.`);
  else if (json.items.length > most) faults.add(at, `${at.slice(1)} may have at most ${most} items.`);
  else return json.items;
  return [];
}

function readKey(dataset: Dataset, json: Json, at: string, faults: FaultList): GroupKey[] {
  const object = readObject(json, ['field', 'bucket'], at, faults);
  const field = object && readField(dataset, object, at, faults);
  if (!object || !field) return [];
  const type = typeOfField(field);
  const name = nameOfField(field);
  if (type.name === 'JSON') {
    faults.add(`${at}/field`, `${name} is JSON, which cannot be grouped by.`);
    return [];
  }
  const bucket = object.get('bucket') ?? null;
  if (bucket === null) return [{ field, bucket: null }];
  const buckets = bucketsOf(type);
  if (buckets.includes(bucket as TimeBucket)) return [{ field, bucket: bucket as TimeBucket }];
  const may =
    buckets.length === 0
      ? `${name} is no date or timestamp; leave bucket out`
      : `bucket must be one of ${buckets.join(', ')}`;
  faults.add(`${at}/bucket`, `${may}.`);
  return [];
}

function readMeasure(dataset: Dataset, json: Json, at: string, faults: FaultList): Measure[] {
  const object = readObject(json, ['function', 'field'], at, faults);
  const name = object && readFunction(object, at, faults);
  if (!object || !name) return [];
  if (name === 'count' && (object.get('field') ?? null) === null) return [{ function: name, field: null }];
  const field = readField(dataset, object, at, faults);
  if (!field) return [];
  const type = typeOfField(field);
  if (isAggregable(name, type)) return [{ function: name, field }];
  faults.add(`${at}/field`, `${nameOfField(field)} is ${type.name}, which has no ${name}.`);
  return [];
}

function readOrder(
  dataset: Dataset,
  json: Json,
  { keys, measures }: Pick<Aggregation, 'keys' | 'measures'>,
  at: string,
  faults: FaultList,
): Aggregation['sort'][number][] {
  const object = readObject(json, ['function', 'field', 'order'], at, faults);
  if (!object) return [];
  const order = object.get('order') ?? 'asc';
  if (order !== 'asc' && order !== 'desc') {
    faults.add(`${at}/order`, 'order must be "asc" or "desc".');
    return [];
  }
  const isKey = (object.get('function') ?? null) === null;
  const name = isKey ? null : readFunction(object, at, faults);
  if (name === undefined) return [];
  const ofRows = name === 'count' && (object.get('field') ?? null) === null;
  const field = ofRows ? null : readField(dataset, object, at, faults);
  if (field === undefined) return [];
  const isSame = (other: Field | null) =>
    other === null || field === null ? other === field : nameOfField(other) === nameOfField(field);
  const column =
    name === null
      ? keys.findIndex((key) => isSame(key.field))
      : measures.findIndex((measure) => measure.function === name && isSame(measure.field));
  if (column >= 0) return [{ column: name === null ? column : keys.length + column, order }];
  faults.add(at, 'A sort must name a field of group_by, or one of the measures by its function and field.');
  return [];
}

function readObject(json: Json, members: readonly string[], at: string, faults: FaultList): JsonObject | undefined {
  if (!(json instanceof JsonObject)) {
    faults.add(at, `This must be an object with ${members.join(', ')}, not ${kindOfJson(json)}.`);
    return undefined;
  }
  faults.checkMembers(json, members, at);
  return json;
}

function readFunction(json: JsonObject, at: string, faults: FaultList): AggregateFunction | undefined {
  const name = json.get('function');
  const known = AGGREGATE_FUNCTIONS.find((candidate) => candidate === name);
  if (known === undefined) faults.add(`${at}/function`, `function must be one of ${AGGREGATE_FUNCTIONS.join(', ')}.`);
  return known;
}

function readField(dataset: Dataset, json: JsonObject, at: string, faults: FaultList): Field | undefined {
  const name = json.get('field');
  if (typeof name !== 'string') {
    faults.add(`${at}/field`, 'A field is the name of a property or of a system field.');
    return undefined;
  }
  const field = resolveField(dataset, name);
  if (field === undefined) faults.add(`${at}/field`, unknownFieldMessage(dataset, name));
  return field;
}
