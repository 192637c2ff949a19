import { DataForgeError } from '#domain/errors.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import { openDataset } from '../open-dataset.ts';
import type { PointReads } from '../point-reads.ts';
import { readId } from '../read-query.ts';

export interface GetRecordRequest {
  readonly schema: string;
  readonly id: string;
}

/** One record by its id. */
export function getRecord(catalog: DatasetCatalog, reads: PointReads) {
  return async (request: GetRecordRequest, call: Call): Promise<RenderedRecord> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'read');
    const id = readId(request.id);
    const record = await reads.byId(dataset, id, call.observation);
    if (record === null) {
      throw new DataForgeError('unknown_record', `Dataset "${dataset.name}" has no record with the id ${id}.`);
    }
    call.observation.rows++;
    return record;
  };
}
