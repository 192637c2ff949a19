import type { Json } from '#domain/record/json.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { RecordReader } from '../../ports/record-reader.ts';
import { withTimeLimit } from '../../time-limit.ts';
import { runGated } from '../admission.ts';
import { openDataset } from '../open-dataset.ts';
import { readFilter } from '../read-query.ts';

export interface CountRecordsRequest {
  readonly schema: string;
  readonly filters: Json;
}

interface CountRecordsPorts {
  readonly catalog: DatasetCatalog;
  readonly reader: RecordReader;
  readonly gate: AdmissionGate;
  readonly limits: Limits;
}

/** How many records match. */
export function countRecords({ catalog, reader, gate, limits }: CountRecordsPorts) {
  return async (
    { schema, filters }: CountRecordsRequest,
    call: Call,
  ): Promise<{ readonly schema: string; readonly count: number }> => {
    const { dataset } = openDataset(catalog, schema, call, 'read');
    const filter = readFilter(dataset, filters, limits, call.observation);
    call.observation.explain = () => reader.explain({ dataset, filter, sort: [], fields: null, limit: null });
    const count = await withTimeLimit(call.signal, limits.queryTimeout, (signal) =>
      runGated(gate, signal, call.observation, () => reader.count(dataset, filter, { at: null, signal })),
    );
    return { schema: dataset.name, count };
  };
}
