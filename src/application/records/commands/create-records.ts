import { constraintValues, keyText, uniqueConstraints } from '#domain/dataset/constraints.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError, type Fault } from '#domain/errors.ts';
import type { Change, ChangeResult, ConflictPolicy } from '#domain/record/change.ts';
import type { Json } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog, ServedDataset } from '../../datasets/dataset-catalog.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { BulkCounts, BulkLoader, Rejection } from '../../ports/bulk-loader.ts';
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
  /** For each row sent the record that now stands, as values or as JSON with commas between; null where nobody asked. */
  readonly records: readonly StoredRecord[] | Uint8Array | null;
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
    const valid: Create[] = [];
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
  const { kept, standsAs } = onConflict === 'update' ? keepLast(dataset, changes) : keepAll(changes);
  return writes.commitOnce(kept, once, call, (results) => ({
    dataset,
    created: countOf(results, 'created'),
    updated: countOf(results, 'updated'),
    ignored: changes.length - countOf(results, 'created') - countOf(results, 'updated'),
    records: returnRecords ? standsAs.map((at) => recordOf(results[at])) : null,
  }));
}

type Create = Change & { readonly kind: 'create' };

/** The changes to make, and for each row sent the place of the change whose record stands for it. */
interface KeptChanges {
  readonly kept: readonly Create[];
  readonly standsAs: readonly number[];
}

function keepAll(changes: readonly Create[]): KeptChanges {
  return { kept: changes, standsAs: changes.map((_, index) => index) };
}

/** Of the rows that mean the same record only the last counts, as in an upload. */
function keepLast(dataset: Dataset, changes: readonly Create[]): KeptChanges {
  const key = uniqueConstraints(dataset).find((constraint) => constraint.kind === 'key');
  const identities = changes.map(({ row, id }) => {
    const values = key === undefined ? null : constraintValues(key, row);
    return values === null ? id : keyText(values);
  });
  const last = new Map(identities.map((identity, index) => [identity, index]));
  const kept: Create[] = [];
  const places = new Map<number, number>();
  changes.forEach((change, index) => {
    const identity = identities[index] ?? null;
    if (identity === null || last.get(identity) === index) places.set(index, kept.push(change) - 1);
  });
  const standsAs = identities.map(
    (identity, index) => places.get(index) ?? places.get(last.get(identity) ?? index) ?? 0,
  );
  return { kept, standsAs };
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
  const toResult = ({ created, updated, ignored, recordsJson }: BulkCounts): CreateRecordsResult => {
    return { dataset, created, updated, ignored, records: recordsJson };
  };
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
    try {
      return toResult(await runGated(loads, call.signal, call.observation, load));
    } catch (error) {
      throw withPointersIntoData(error);
    }
  });
}

/** The loader counts lines of a body from 1; here the rows are items of `data`. */
function withPointersIntoData(error: unknown): unknown {
  if (!(error instanceof DataForgeError) || !Array.isArray(error.details.rejections)) return error;
  const faults = (error.details.rejections as readonly Rejection[]).flatMap(({ line, errors }) =>
    errors.map(({ pointer, message }) => ({ pointer: `/data/${line - 1}${pointer}`, message })),
  );
  if (faults.length === 0) return error;
  if (error.code !== 'key_exists') return invalidRows(faults);
  return new DataForgeError('key_exists', faults[0]?.message ?? error.message, { faults, cause: error });
}

async function* one(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
