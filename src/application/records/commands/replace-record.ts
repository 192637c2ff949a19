import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import { openDataset } from '../open-dataset.ts';
import { readId } from '../read-query.ts';
import { type RecordWrites, recordOf } from '../record-writes.ts';
import { invalidRows } from '../write-rules.ts';
import type { ChangeRecordRequest, ChangeRecordResult } from './patch-record.ts';

/** Gives one record new values for all of its properties. */
export function replaceRecord(catalog: DatasetCatalog, writes: RecordWrites) {
  return async (request: ChangeRecordRequest, call: Call): Promise<ChangeRecordResult> => {
    const { dataset, validator } = openDataset(catalog, request.schema, call, 'write');
    const id = readId(request.id);
    const verdict = call.observation.time('parse', () => validator.replace(request.data, '/data'));
    if (!verdict.ok) throw invalidRows(verdict.faults);
    const [result] = await writes.commit(
      [{ kind: 'replace', dataset, id, row: verdict.value, ifVersion: request.ifVersion }],
      call,
    );
    call.observation.rows++;
    return { dataset, record: recordOf(result) };
  };
}
