import type { Dataset } from '#domain/dataset/dataset.ts';
import { indexOfProperty } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { Change } from '#domain/record/change.ts';
import type { Call } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { AdmissionGate } from '../../ports/admission-gate.ts';
import type { BulkLoader, Rejection } from '../../ports/bulk-loader.ts';
import type { RecordReader } from '../../ports/record-reader.ts';
import type { RecordWriter } from '../../ports/record-writer.ts';
import { runGated } from '../../records/admission.ts';
import { openDataset } from '../../records/open-dataset.ts';
import { conflictPolicy } from '../conflict-policy.ts';
import { rejectionReason } from '../kept-lines.ts';
import type { PipelineCatalog } from '../pipeline-catalog.ts';
import { type AsideRow, rowsAside } from '../rows-aside.ts';

interface ReplayPorts {
  readonly catalog: DatasetCatalog;
  readonly pipelines: PipelineCatalog;
  readonly reader: RecordReader;
  readonly loader: BulkLoader;
  readonly loads: AdmissionGate;
  readonly writer: RecordWriter;
}

export interface Replayed {
  readonly stored: number;
  /** Rows that still do not fit; each has its reason of today. */
  readonly left: number;
}

const MARK = 'pipeline-replay';
/** What is the row's own fault. */
const FAULTS = ['invalid_value', 'invalid_body', 'key_exists'];

/**
 * Tries the rows that a pipeline set aside once more: those that fit by now, because they or the dataset were mended, go
 * into the dataset of the pipeline. Each is stored with a mark of its own, so that one whose place could not be cleared
 * any more is not stored again.
 */
export function replayRows(ports: ReplayPorts) {
  const { catalog, pipelines, reader, writer } = ports;
  return async ({ name }: { readonly name: string }, call: Call): Promise<Replayed> => {
    const pipeline = pipelines.getRows(name);
    const { quarantine } = pipeline.target;
    if (quarantine === null) {
      throw new DataForgeError(
        'invalid_parameter',
        `Pipeline "${name}" sets no rows aside; there is nothing to try again.`,
      );
    }
    const { dataset: aside } = openDataset(catalog, quarantine, call, 'write');
    const { dataset } = openDataset(catalog, pipeline.target.dataset, call, 'write');
    const counts = { stored: 0, left: 0 };
    for await (const row of rowsAside(reader, aside, name, call.signal)) {
      const reason = await storeOnce(ports, pipeline, dataset, row, call);
      counts[reason === null ? 'stored' : 'left']++;
      await settle(writer, aside, row, reason, call);
    }
    call.observation.rows += counts.stored;
    return counts;
  };
}

/** @returns why the row still does not fit; null where it is stored now */
async function storeOnce(
  { loader, loads, writer }: ReplayPorts,
  { target }: RowPipeline,
  dataset: Dataset,
  { id, version, format, row }: AsideRow,
  call: Call,
): Promise<string | null> {
  const key = `${id}:${version}`;
  if ((await writer.readMark(MARK, key)) !== null) return null;
  async function* body() {
    yield new TextEncoder().encode(row);
  }
  const load = () =>
    loader.load({
      dataset,
      format,
      body: body(),
      onInvalid: 'abort',
      onConflict: conflictPolicy(dataset, target),
      marks: [{ kind: MARK, key, value: () => dataset.name }],
      origin: { caller: call.caller.name, run: null },
      returnRecords: false,
      signal: call.signal,
    });
  try {
    await runGated(loads, call.signal, call.observation, load);
    return null;
  } catch (error) {
    if (error instanceof DataForgeError && FAULTS.includes(error.code)) return reasonOf(error);
    throw error;
  }
}

/** In the words in which rows are set aside. */
function reasonOf({ message, details }: DataForgeError): string {
  const [rejection] = (details.rejections ?? []) as readonly Rejection[];
  return rejection === undefined ? message : rejectionReason(rejection);
}

/** Takes a stored row out of the dataset for rows set aside; of another the reason is told anew. */
async function settle(
  writer: RecordWriter,
  dataset: Dataset,
  { id, version, reason: before }: AsideRow,
  reason: string | null,
  call: Call,
): Promise<void> {
  if (reason === before) return;
  const values = new Map([[indexOfProperty(dataset, 'reason'), reason]]);
  const change: Change =
    reason === null
      ? { kind: 'delete', dataset, id, ifVersion: version }
      : { kind: 'patch', dataset, id, values, ifVersion: version };
  const origin = { caller: call.caller.name, run: null };
  const [outcome] = await writer.commit([{ changes: [change], marks: [], origin }]);
  if (outcome?.ok === false) throw outcome.error;
}
