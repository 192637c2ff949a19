import { DataForgeError } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { Change } from '#domain/record/change.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { DatasetCatalog } from '../datasets/dataset-catalog.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import { writePipelineState } from './pipeline-states.ts';

interface SetAsidePorts {
  readonly catalog: DatasetCatalog;
  readonly writer: RecordWriter;
}

/** What a dataset for rows set aside must take. */
const SHAPE = 'pipeline, run, reason, format and row as texts, batch and line as integers';

/**
 * Moves the rows that the last commit of a pipeline set aside into the dataset for them. They were kept in the state,
 * with the commit of their batch, and leave it with the commit of their own, so that each is there once whatever ends
 * the process between the two.
 */
export async function settleSetAside(
  { catalog, writer }: SetAsidePorts,
  { name, target }: RowPipeline,
  state: PipelineState,
  window: BackfillWindow | null = null,
): Promise<PipelineState> {
  if (state.setAside.length === 0) return state;
  if (target.quarantine === null) {
    const message = `Pipeline "${name}" has rows set aside that are not in a dataset yet; name one as its quarantine, as it had before.`;
    throw new DataForgeError('invalid_configuration', message);
  }
  const { dataset, validator } = catalog.getWritable(target.quarantine);
  const changes = state.setAside.map((row): Change => {
    const { run, batch } = state;
    const verdict = validator.create(jsonFrom({ pipeline: name, run, batch, ...row }), '');
    if (verdict.ok) return { kind: 'create', dataset, row: verdict.value.row, id: null, onConflict: 'error' };
    const message = `The dataset "${dataset.name}" cannot take rows set aside: ${verdict.faults[0]?.message} It needs the properties ${SHAPE}.`;
    throw new DataForgeError('invalid_configuration', message);
  });
  const settled: PipelineState = { ...state, setAside: [] };
  await writePipelineState(writer, name, settled, { caller: 'system', changes, window });
  return settled;
}
