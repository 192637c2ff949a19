import type { Dataset } from '#domain/dataset/dataset.ts';
import { parseFilter } from '#domain/query/parse-filter.ts';
import { parseSort } from '#domain/query/parse-sort.ts';
import type { Filter, SortKey } from '#domain/query/query.ts';
import { jsonFrom, parseJson } from '#domain/record/json.ts';
import type { StandingRecord } from './side-by-side.ts';
import type { FilterSpec, SortSpec } from './story.ts';
import type { Table } from './table.ts';

const LIMITS = { maxConditions: 1000, maxDepth: 50, maxListLength: 1000 };

const COMPARISONS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'];

/** What filters and sorts may speak of besides the properties. */
const SYSTEM_FIELDS = ['_id', '_version', '_seq', '_created_at', '_updated_at'];

/** What a filter is made from, on one engine. */
export interface FilterContext {
  readonly table: Table;
  readonly standing: readonly StandingRecord[];
  readonly commits: readonly number[];
  /** What the engine calls an id or a time. */
  readonly real: (name: string) => string;
}

export function filterOf(spec: FilterSpec | null, context: FilterContext): Filter | null {
  if (spec === null) return null;
  return parseFilter(context.table.dataset, parseJson(`[${filterText(spec, context)}]`), LIMITS);
}

export function sortOf(specs: readonly SortSpec[], { dataset }: Table): readonly SortKey[] {
  const sort = specs.flatMap(({ field, order }) => {
    const name = fieldName(dataset, field);
    return isJson(dataset, name) ? [] : [{ field: name, order }];
  });
  const once = sort.filter(({ field }, at) => sort.findIndex((other) => other.field === field) === at);
  return parseSort(dataset, jsonFrom(once), { maxKeys: 10 });
}

/** A property, or now and then a system field. */
export function fieldName({ properties }: Dataset, pick: number): string {
  const system = SYSTEM_FIELDS[Math.floor(pick / 5) % SYSTEM_FIELDS.length];
  return (pick % 5 === 4 ? system : properties[pick % properties.length]?.name) ?? '_id';
}

function isJson({ properties }: Dataset, name: string): boolean {
  return properties.find((property) => property.name === name)?.dbType.name === 'JSON';
}

function filterText(spec: FilterSpec, context: FilterContext): string {
  if (spec.kind === 'not') return `{"not":${filterText(spec.item, context)}}`;
  if (spec.kind !== 'test') {
    return `{"${spec.kind}":[${spec.items.map((item) => filterText(item, context)).join()}]}`;
  }
  const { dataset } = context.table;
  const field = fieldName(dataset, spec.field);
  const test = (operator: string, value?: string) =>
    `{"field":${JSON.stringify(field)},"operator":"${operator}"${value === undefined ? '' : `,"value":${value}`}}`;
  const operator = spec.operator % 12;
  if (operator === 0 || isJson(dataset, field)) return test(spec.operator % 2 === 0 ? 'is_null' : 'is_not_null');
  const values = spec.picks.map((pick) => valueText(field, pick, context));
  if (operator === 1) return test('in', `[${values.join()}]`);
  const property = dataset.properties.find(({ name }) => name === field);
  if (property?.dbType.name === 'VARCHAR' && operator <= 5) {
    return test(operator % 2 === 0 ? 'like' : 'ilike', JSON.stringify(context.table.pattern(spec.picks[0] ?? 0)));
  }
  const comparisons = property?.dbType.name === 'BOOLEAN' ? ['eq', 'ne'] : COMPARISONS;
  return test(comparisons[operator % comparisons.length] ?? 'eq', values[0]);
}

function valueText(field: string, pick: number, { table, standing, commits, real }: FilterContext): string {
  const property = table.dataset.properties.find(({ name }) => name === field);
  if (property !== undefined) {
    const pool = table.pool(property);
    return pick % 9 === 8 ? 'null' : (pool[pick % pool.length]?.sent ?? 'null');
  }
  const commit = commits[pick % (commits.length || 1)] ?? 0;
  if (field === '_version') return String(pick % 4);
  if (field === '_seq') return String(commit + (pick % 3));
  const [name = '', otherwise] =
    field === '_id' ? [standing[pick % (standing.length || 1)]?.id, unknownId(pick)] : [`time@${commit}`, '2001-01-01'];
  const value = real(name);
  return JSON.stringify(value === '' || value === `time@${commit}` ? otherwise : value);
}

/** An id that records are given, or that none has. */
export function unknownId(pick: number): string {
  const digits = String(pick % 6).padStart(8, '0');
  return pick % 2 === 0 ? `${digits}-0000-4000-8000-000000000001` : `ffffffff-ffff-4fff-bfff-0000${digits}`;
}
