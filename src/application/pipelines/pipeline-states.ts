import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { Change } from '#domain/record/change.ts';
import type { RecordWriter } from '../ports/record-writer.ts';

/** The mark that keeps how far a pipeline has come, in the commit it stands beside. */
export function stateMark(pipeline: string): { readonly kind: string; readonly key: string } {
  return { kind: 'pipeline', key: pipeline };
}

/** @returns null for a pipeline that has never stored anything */
export async function readPipelineState(writer: RecordWriter, pipeline: string): Promise<PipelineState | null> {
  const { kind, key } = stateMark(pipeline);
  const text = await writer.readMark(kind, key);
  return text === null ? null : (JSON.parse(text) as PipelineState);
}

/** Writes a state, and changes with it, as one commit. */
export async function writePipelineState(
  writer: RecordWriter,
  pipeline: string,
  state: PipelineState,
  { caller, changes = [] }: { readonly caller: string; readonly changes?: readonly Change[] },
): Promise<void> {
  const marks = [{ ...stateMark(pipeline), value: JSON.stringify(state) }];
  const [outcome] = await writer.commit([{ changes, marks, origin: { caller, run: state.run } }]);
  if (outcome?.ok === false) throw outcome.error;
}
