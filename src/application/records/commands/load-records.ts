import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { BulkCounts, BulkFormat, BulkLoader } from '../../ports/bulk-loader.ts';
import { runGated } from '../admission.ts';
import type { Answered, IdempotencyKeeper, Once } from '../idempotency.ts';
import { openDataset } from '../open-dataset.ts';
import { type SourceMarks, sourceMarks } from '../source-marks.ts';
import { readConflictPolicy, readInvalidPolicy } from '../write-rules.ts';

export interface LoadRecordsRequest {
  readonly schema: string;
  readonly format: BulkFormat;
  /** The body, decompressed; read once. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly onInvalid: string | null;
  readonly onConflict: string | null;
  readonly once: Once<LoadRecordsResult> | null;
  /** Marks that are set in the commit of the rows. */
  readonly marks?: SourceMarks;
}

export interface LoadRecordsResult extends Omit<BulkCounts, 'records'> {
  readonly dataset: Dataset;
}

interface LoadRecordsPorts {
  readonly catalog: DatasetCatalog;
  readonly keeper: IdempotencyKeeper;
  readonly loader: BulkLoader;
  readonly loads: AdmissionGate;
}

/** Loads a whole body of rows as one durable commit, in bounded memory. */
export function loadRecords({ catalog, keeper, loader, loads }: LoadRecordsPorts) {
  return async (request: LoadRecordsRequest, call: Call): Promise<Answered<LoadRecordsResult>> => {
    const { dataset } = openDataset(catalog, request.schema, call, 'write');
    const onInvalid = readInvalidPolicy(request.onInvalid);
    const onConflict = readConflictPolicy(request.onConflict);
    const set = sourceMarks(dataset.name, request.marks ?? {}).map((mark) => ({ ...mark, value: () => mark.value }));
    const toResult = (counts: BulkCounts): LoadRecordsResult => ({ dataset, ...counts });
    const answered = await keeper.run(request.once, async (mark) => {
      const load = () =>
        loader.load({
          dataset,
          format: request.format,
          body: request.body,
          onInvalid,
          onConflict,
          marks: [
            ...set,
            ...(mark === null ? [] : [{ ...mark, value: (counts: BulkCounts) => mark.value(toResult(counts)) }]),
          ],
          origin: { caller: call.caller.name, run: null },
          returnRecords: false,
          signal: call.signal,
        });
      return toResult(await runGated(loads, call.signal, call.observation, load));
    });
    if (answered.result) call.observation.rows += answered.result.created + answered.result.updated;
    return answered;
  };
}
