import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import { parseFields } from '#domain/query/parse-fields.ts';
import { parseFilter } from '#domain/query/parse-filter.ts';
import { parseSort } from '#domain/query/parse-sort.ts';
import type { Filter, RecordQuery } from '#domain/query/query.ts';
import { isUuid } from '#domain/record/id.ts';
import type { Json } from '#domain/record/json.ts';
import type { Limits } from '../limits.ts';
import type { Observation } from '../observe.ts';

/** Which records, as a protocol brings it: JSON that is yet to be read. Null stands for absent. */
export interface RawQuery {
  readonly filters: Json;
  readonly sort: Json;
  readonly fields: Json;
}

/** @throws DataForgeError `invalid_filter`, `invalid_sort`, `invalid_parameter` */
export function readQuery(dataset: Dataset, raw: RawQuery, limits: Limits, observation: Observation): RecordQuery {
  return observation.time('parse', () => ({
    dataset,
    filter: parseFilter(dataset, raw.filters, limits.filter),
    sort: parseSort(dataset, raw.sort, { maxKeys: limits.maxSortKeys }),
    fields: parseFields(dataset, raw.fields),
  }));
}

/** The filter alone, for requests that take no more. */
export function readFilter(dataset: Dataset, raw: Json, limits: Limits, observation: Observation): Filter | null {
  return observation.time('parse', () => parseFilter(dataset, raw, limits.filter));
}

/** An id in its canonical form. */
export function readId(id: string): string {
  if (isUuid(id)) return id.toLowerCase();
  throw new DataForgeError(
    'invalid_parameter',
    `"${id.slice(0, 100)}" is not an id; an id is a UUID like 0190a6c2-1b7e-7cc3-9d2f-5e8f3c1a2b4d.`,
    {
      faults: [{ pointer: '/id', message: 'must be a UUID' }],
    },
  );
}

/** A whole number within limits, as a request names it. */
export function readCount(
  value: number | null,
  rule: { readonly name: string; readonly least: number; readonly most: number; readonly default: number },
  code: 'invalid_page' | 'invalid_parameter' = 'invalid_parameter',
): number {
  if (value === null) return rule.default;
  if (Number.isSafeInteger(value) && value >= rule.least && value <= rule.most) return value;
  const message = `${rule.name} must be a whole number from ${rule.least} to ${rule.most}.`;
  throw new DataForgeError(code, message, { faults: [{ pointer: `/${rule.name}`, message }] });
}
