import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import { openDataset } from '../open-dataset.ts';
import { readId } from '../read-query.ts';
import type { RecordWrites } from '../record-writes.ts';

export interface DeleteRecordRequest {
  readonly schema: string;
  readonly id: string;
  readonly ifVersion: number | null;
}

/** Deletes one record; one that is gone already is unknown. */
export function deleteRecord(catalog: DatasetCatalog, writes: RecordWrites) {
  return async (request: DeleteRecordRequest, call: Call): Promise<void> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'write');
    await writes.commit([{ kind: 'delete', dataset, id: readId(request.id), ifVersion: request.ifVersion }], call);
    call.observation.rows++;
  };
}
