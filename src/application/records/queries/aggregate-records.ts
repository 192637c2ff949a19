import { DataForgeError } from '#domain/errors.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import { parseAggregation, type RawAggregation } from '#domain/query/parse-aggregation.ts';
import type { Json } from '#domain/record/json.ts';
import type { Value } from '#domain/record/value.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { RecordReader } from '../../ports/record-reader.ts';
import { withTimeLimit } from '../../time-limit.ts';
import { runGated } from '../admission.ts';
import { openDataset } from '../open-dataset.ts';
import { readCount, readFilter } from '../read-query.ts';

export interface AggregateRecordsRequest extends RawAggregation {
  readonly schema: string;
  readonly filters: Json;
  /** Groups at most; null for the default. */
  readonly limit: number | null;
}

export interface AggregateRecordsResult {
  readonly schema: string;
  readonly query: Aggregation;
  /** Each group as the values of its keys, then of its measures. */
  readonly groups: readonly (readonly Value[])[];
  /** There would have been more. */
  readonly truncated: boolean;
}

interface AggregateRecordsPorts {
  readonly catalog: DatasetCatalog;
  readonly reader: RecordReader;
  readonly gate: AdmissionGate;
  readonly limits: Limits;
}

/** The rows of a filter, gathered by what they have in common. */
export function aggregateRecords({ catalog, reader, gate, limits }: AggregateRecordsPorts) {
  return async (request: AggregateRecordsRequest, call: Call): Promise<AggregateRecordsResult> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'read');
    const filter = readFilter(dataset, request.filters, limits, call.observation);
    const parsed = call.observation.time('parse', () => parseAggregation(dataset, request));
    const limit = readCount(request.limit, {
      name: 'limit',
      least: 1,
      most: limits.maxGroups,
      default: limits.defaultGroups,
    });
    const query: Aggregation = { dataset, filter, ...parsed, limit: limit + 1 };
    const groups = await withTimeLimit(call.signal, limits.queryTimeout, (signal) =>
      runGated(gate, signal, call.observation, () => reader.aggregate(query, { at: null, signal })),
    );
    call.observation.rows += Math.min(groups.length, limit);
    for (const group of groups) refuseInfinite(group);
    return { schema: dataset.name, query, groups: groups.slice(0, limit), truncated: groups.length > limit };
  };
}

function refuseInfinite(group: readonly Value[]): void {
  if (!group.some((value) => typeof value === 'number' && !Number.isFinite(value))) return;
  throw new DataForgeError('invalid_value', 'A sum is larger than a DOUBLE can hold; narrow the filter.');
}
