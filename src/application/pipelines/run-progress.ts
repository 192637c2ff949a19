import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { Span } from '#domain/run/trace.ts';
import type { StageTimes } from './stage-times.ts';

/** What a run tells while it goes on. */
export interface RunProgress {
  log(message: string): void;
  /** Where its time goes. */
  readonly times: StageTimes;
  /** The run in its trace. */
  readonly span: Span;
  /** The run has stored so much; `part` of the whole is done, null where nobody knows. */
  stored(state: PipelineState, part: number | null): void;
  retried(): void;
}
