import type { ErrorCode } from '../errors.ts';

/** The parts a request's time is told in. */
export type TimePart = 'parse' | 'queue' | 'engine' | 'render';

/** What is known of one finished run of a use case: the source of logs, metrics and run history. Times in milliseconds. */
export interface UseCaseRun {
  readonly useCase: string;
  readonly caller: string;
  readonly dataset: string | null;
  /** The processor that computed the answer; null where none did. */
  readonly processor: string | null;
  readonly startedAt: number;
  readonly duration: number;
  readonly parts: Readonly<Record<TimePart, number>>;
  readonly rows: number;
  readonly bytes: number;
  readonly outcome: 'ok' | ErrorCode;
  /** What was thrown, where the fault is ours. */
  readonly error: unknown;
}
