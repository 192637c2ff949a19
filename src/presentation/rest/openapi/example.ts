import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import { type Json, JsonArray, JsonNumber, JsonObject } from '#domain/record/json.ts';
import { jsonOfValue } from '#domain/record/value-json.ts';

/** What the documentation shows of a dataset: one of its records, or one that could be. */
export interface DatasetExample {
  readonly record: JsonObject;
  readonly data: JsonObject;
  readonly id: string;
}

const ID = '0190a6c2-1b7e-7cc3-9d2f-000000000001';
const TIME = '2026-01-15T10:30:00.123Z';

/** The example that a stored record makes. */
export function exampleOf(record: JsonObject): DatasetExample {
  const data = record.get('data');
  const id = record.get('id');
  return { record, data: data instanceof JsonObject ? data : new JsonObject([]), id: typeof id === 'string' ? id : ID };
}

/** An example for a dataset that has no records yet. */
export function inventExample(dataset: Dataset): DatasetExample {
  const data = new JsonObject(
    dataset.properties.map((property) => ({ name: property.name, value: inventValue(property) })),
  );
  const composite =
    dataset.primaryKey.length > 1
      ? [{ name: 'composite_id', value: dataset.primaryKey.map((name) => plain(data.get(name) ?? null)).join('|') }]
      : [];
  const record = new JsonObject([
    { name: 'id', value: ID },
    { name: 'schema_name', value: dataset.name },
    { name: 'data', value: data },
    ...composite,
    { name: 'created_at', value: TIME },
    { name: 'updated_at', value: TIME },
    { name: 'version', value: new JsonNumber('1') },
  ]);
  return { record, data, id: ID };
}

function plain(json: Json): string {
  return json instanceof JsonNumber ? json.text : String(json);
}

function inventValue({ type, dbType, rules, default: given }: Property): Json {
  const chosen = given ?? rules.enum?.[0] ?? rules.minimum ?? null;
  if (chosen !== null) return jsonOfValue(dbType, chosen);
  switch (dbType.name) {
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
      return new JsonNumber('1');
    case 'DOUBLE':
      return new JsonNumber('1.5');
    case 'DECIMAL':
      return new JsonNumber(dbType.scale === 0 ? '1' : `0.${'5'.padEnd(dbType.scale, '0')}`);
    case 'BOOLEAN':
      return true;
    case 'DATE':
      return '2026-01-15';
    case 'TIME':
      return '10:30:00';
    case 'TIMESTAMP':
      return TIME;
    case 'UUID':
      return ID;
    case 'JSON':
      return type === 'array' ? new JsonArray([]) : new JsonObject([]);
    default:
      return 'text'.padEnd(rules.minLength ?? 0, '.').slice(0, rules.maxLength ?? undefined);
  }
}
