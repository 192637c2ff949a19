import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Json } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import { openDataset } from '../open-dataset.ts';
import { readId } from '../read-query.ts';
import { type RecordWrites, recordOf } from '../record-writes.ts';
import { invalidRows } from '../write-rules.ts';

export interface ChangeRecordRequest {
  readonly schema: string;
  readonly id: string;
  readonly data: Json;
  /** The version the record must have, where the caller says one. */
  readonly ifVersion: number | null;
}

export interface ChangeRecordResult {
  readonly dataset: Dataset;
  readonly record: StoredRecord;
}

/** Changes some properties of one record. */
export function patchRecord(catalog: DatasetCatalog, writes: RecordWrites) {
  return async (request: ChangeRecordRequest, call: Call): Promise<ChangeRecordResult> => {
    const { dataset, validator } = openDataset(catalog, request.schema, call, 'write');
    const id = readId(request.id);
    const verdict = call.observation.time('parse', () => validator.patch(request.data, '/data'));
    if (!verdict.ok) throw invalidRows(verdict.faults);
    const [result] = await writes.commit(
      [{ kind: 'patch', dataset, id, values: verdict.value, ifVersion: request.ifVersion }],
      call,
    );
    call.observation.rows++;
    return { dataset, record: recordOf(result) };
  };
}
