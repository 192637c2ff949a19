import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { Change, MarkGuard } from '#domain/record/change.ts';
import type { RecordWriter } from '../ports/record-writer.ts';

/** The mark that keeps how far a pipeline has come, or a backfill of it, in the commit it stands beside. */
export function stateMark(
  pipeline: string,
  window: BackfillWindow | null = null,
): { readonly kind: string; readonly key: string } {
  if (window !== null) return { kind: 'pipeline-backfill', key: JSON.stringify([pipeline, window.from, window.to]) };
  return { kind: 'pipeline', key: pipeline };
}

/** A state, and what has to be still there for it to be moved on. */
export interface ReadPipelineState {
  /** null for a pipeline that has never stored anything */
  readonly state: PipelineState | null;
  readonly guards: readonly MarkGuard[];
}

export async function readPipelineState(
  writer: RecordWriter,
  pipeline: string,
  window: BackfillWindow | null = null,
): Promise<ReadPipelineState> {
  const { kind, key } = stateMark(pipeline, window);
  const value = await writer.readMark(kind, key);
  return { state: value === null ? null : (JSON.parse(value) as PipelineState), guards: [{ kind, key, value }] };
}

/**
 * Writes a state, and changes with it, as one commit.
 * @throws DataForgeError `version_moved` where a guard finds that somebody else has moved on
 */
export async function writePipelineState(
  writer: RecordWriter,
  pipeline: string,
  state: PipelineState,
  {
    caller,
    changes = [],
    guards,
    window = null,
  }: {
    readonly caller: string;
    readonly changes?: readonly Change[];
    readonly guards?: readonly MarkGuard[];
    readonly window?: BackfillWindow | null;
  },
): Promise<void> {
  const marks = [{ ...stateMark(pipeline, window), value: JSON.stringify(state) }];
  const [outcome] = await writer.commit([
    { changes, marks, ...(guards && { guards }), origin: { caller, run: state.run } },
  ]);
  if (outcome?.ok === false) throw outcome.error;
}
