import type { Dataset } from '#domain/dataset/dataset.ts';
import type { ChangeResult } from '#domain/record/change.ts';
import type { Json } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Answered, Once } from '../idempotency.ts';
import { openDataset } from '../open-dataset.ts';
import { type RecordWrites, recordOf } from '../record-writes.ts';
import { invalidRows, readConflictPolicy, requireKeyForPolicy } from '../write-rules.ts';

export interface CreateRecordRequest {
  readonly schema: string;
  readonly data: Json;
  readonly onConflict: string | null;
  readonly once: Once<CreateRecordResult> | null;
}

export interface CreateRecordResult {
  readonly dataset: Dataset;
  /** The record that now stands. */
  readonly record: StoredRecord;
  readonly outcome: Exclude<ChangeResult['kind'], 'deleted'>;
}

/** Makes one record, or with a conflict policy finds or replaces the one that has its key. */
export function createRecord(catalog: DatasetCatalog, writes: RecordWrites) {
  return async (request: CreateRecordRequest, call: Call): Promise<Answered<CreateRecordResult>> => {
    const { dataset, validator } = openDataset(catalog, request.schema, call, 'write');
    const onConflict = readConflictPolicy(request.onConflict);
    const verdict = call.observation.time('parse', () => validator.create(request.data, '/data'));
    if (!verdict.ok) throw invalidRows(verdict.faults);
    const { row, id } = verdict.value;
    requireKeyForPolicy(dataset, onConflict, id !== null);
    call.observation.rows++;
    return writes.commitOnce([{ kind: 'create', dataset, row, id, onConflict }], request.once, call, ([result]) => {
      const record = recordOf(result);
      return { dataset, record, outcome: result?.kind === 'deleted' || result === undefined ? 'ignored' : result.kind };
    });
  };
}
