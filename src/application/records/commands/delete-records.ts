import { DataForgeError } from '#domain/errors.ts';
import type { Json } from '#domain/record/json.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import { openDataset } from '../open-dataset.ts';
import { readFilter } from '../read-query.ts';
import type { RecordWrites } from '../record-writes.ts';

export interface DeleteRecordsRequest {
  readonly schema: string;
  readonly filters: Json;
  /** Says that no filter means every record. */
  readonly all: boolean;
}

/** Deletes all records that match. */
export function deleteRecords(catalog: DatasetCatalog, writes: RecordWrites, limits: Limits) {
  return async (request: DeleteRecordsRequest, call: Call): Promise<{ readonly deleted: number }> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'write');
    const filter = readFilter(dataset, request.filters, limits, call.observation);
    if (filter === null && !request.all) {
      throw new DataForgeError(
        'invalid_parameter',
        'This would delete every record; send filters, or all=true where that is meant.',
        {
          faults: [{ pointer: '/filters', message: 'is missing or empty' }],
        },
      );
    }
    const [result] = await writes.commit([{ kind: 'delete-matching', dataset, filter }], call);
    const deleted = result?.kind === 'deleted' ? result.count : 0;
    call.observation.rows += deleted;
    return { deleted };
  };
}
