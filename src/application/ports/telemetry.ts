import type { UseCaseRun } from '#domain/run/use-case-run.ts';

/** Takes what the platform tells of its own work. Neither method may throw or wait. */
export interface Telemetry {
  /** A use case has come to its end. */
  ran(run: UseCaseRun): void;
  /** Something a person should know: a dataset whose file is gone, a reload that failed. */
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Something that went as it should and is worth a line. */
  note(message: string, facts?: Readonly<Record<string, unknown>>): void;
}
