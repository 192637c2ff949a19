import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import type { Change, ChangeResult, ConflictPolicy } from '#domain/record/change.ts';
import type { Json } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog, ServedDataset } from '../../datasets/dataset-catalog.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { BulkCounts, BulkLoader } from '../../ports/bulk-loader.ts';
import { runGated } from '../admission.ts';
import type { Answered, IdempotencyKeeper, Once } from '../idempotency.ts';
import { openDataset } from '../open-dataset.ts';
import { type RecordWrites, recordOf } from '../record-writes.ts';
import { invalidRows, readConflictPolicy, requireKeyForPolicy } from '../write-rules.ts';

export interface CreateRecordsRequest {
  readonly schema: string;
  /** Few rows, parsed; or many, as the text of one JSON array. */
  readonly rows:
    | { readonly kind: 'parsed'; readonly items: readonly Json[] }
    | { readonly kind: 'text'; readonly json: Uint8Array };
  readonly onConflict: string | null;
  readonly returnRecords: boolean;
  readonly once: Once<CreateRecordsResult> | null;
}

export interface CreateRecordsResult {
  readonly dataset: Dataset;
  readonly created: number;
  readonly updated: number;
  readonly ignored: number;
  /** For each row sent the record that now stands, as values or rendered already; null where nobody asked. */
  readonly records: readonly StoredRecord[] | readonly string[] | null;
}

interface CreateRecordsPorts {
  readonly catalog: DatasetCatalog;
  readonly writes: RecordWrites;
  readonly keeper: IdempotencyKeeper;
  readonly loader: BulkLoader;
  readonly loads: AdmissionGate;
}

/** Makes many records, all or none. Few go the road of small writes, many that of whole bodies. */
export function createRecords(ports: CreateRecordsPorts) {
  return async (request: CreateRecordsRequest, call: Call): Promise<Answered<CreateRecordsResult>> => {
    const served = openDataset(ports.catalog, request.schema, call, 'write');
    const onConflict = readConflictPolicy(request.onConflict);
    const { rows } = request;
    const answered =
      rows.kind === 'parsed'
        ? await createFew(ports, served, rows.items, onConflict, request, call)
        : await createMany(ports, served, rows.json, onConflict, request, call);
    if (answered.result) call.observation.rows += answered.result.created + answered.result.updated;
    return answered;
  };
}

function createFew(
  { writes }: CreateRecordsPorts,
  { dataset, validator }: ServedDataset,
  rows: readonly Json[],
  onConflict: ConflictPolicy,
  { once, returnRecords }: CreateRecordsRequest,
  call: Call,
): Promise<Answered<CreateRecordsResult>> {
  if (rows.length === 0) {
    throw new DataForgeError('invalid_body', 'data is empty; send at least one row.', {
      faults: [{ pointer: '/data', message: 'must hold at least one row' }],
    });
  }
  const changes = call.observation.time('parse', () => {
    const faults: Fault[] = [];
    const valid: (Change & { kind: 'create' })[] = [];
    rows.forEach((json, index) => {
      const verdict = validator.create(json, `/data/${index}`);
      if (verdict.ok) valid.push({ kind: 'create', dataset, ...verdict.value, onConflict });
      else faults.push(...verdict.faults);
    });
    if (faults.length > 0) throw invalidRows(faults);
    return valid;
  });
  requireKeyForPolicy(
    dataset,
    onConflict,
    changes.every((change) => change.id !== null),
  );
  return writes.commitOnce(changes, once, call, (results) => ({
    dataset,
    created: countOf(results, 'created'),
    updated: countOf(results, 'updated'),
    ignored: countOf(results, 'ignored') + countOf(results, 'unchanged'),
    records: returnRecords ? results.map(recordOf) : null,
  }));
}

function countOf(results: readonly ChangeResult[], kind: ChangeResult['kind']): number {
  return results.filter((result) => result.kind === kind).length;
}

function createMany(
  { keeper, loader, loads }: CreateRecordsPorts,
  { dataset }: ServedDataset,
  json: Uint8Array,
  onConflict: ConflictPolicy,
  { once, returnRecords }: CreateRecordsRequest,
  call: Call,
): Promise<Answered<CreateRecordsResult>> {
  const toResult = (counts: BulkCounts): CreateRecordsResult => ({ dataset, ...counts });
  return keeper.run(once, async (mark) => {
    const load = () =>
      loader.load({
        dataset,
        format: 'json',
        body: one(json),
        onInvalid: 'abort',
        onConflict,
        marks: mark === null ? [] : [{ ...mark, value: (counts) => mark.value(toResult(counts)) }],
        origin: { caller: call.caller.name, run: null },
        returnRecords,
        signal: call.signal,
      });
    return toResult(await runGated(loads, call.signal, call.observation, load));
  });
}

async function* one(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
