import type { JobOpening, RegisteredJob } from '#application/ports/registered-job.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Fault } from '#domain/errors.ts';
import type { OptionGroup, ValuesOf } from '#domain/file/option-group.ts';

interface JobDefinition<G extends OptionGroup> {
  /** The word in a pipeline file. */
  readonly kind: string;
  readonly description: string;
  /** The members that a job of this kind may have in a pipeline file. */
  readonly options: G;
  check?(options: ValuesOf<G>, datasets: readonly Dataset[]): readonly Fault[];
  run(options: ValuesOf<G>, opening: JobOpening): Promise<void>;
}

/** A job that is handed its options with their types. */
export function defineJob<G extends OptionGroup>({ run, check, ...definition }: JobDefinition<G>): RegisteredJob {
  return {
    ...definition,
    ...(check && { check: (given: unknown, datasets: readonly Dataset[]) => check(given as ValuesOf<G>, datasets) }),
    run: (given, opening) => run(given as ValuesOf<G>, opening),
  };
}
