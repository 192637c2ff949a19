import type { Dataset } from '../dataset/dataset.ts';
import type { Fault } from '../errors.ts';
import type { FileFunction } from '../file/file-content.ts';
import type { OptionGroup } from '../file/option-group.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { AlertOptions, RetryOptions } from './policies.ts';
import type { Target } from './target.ts';

/** What a kind of source is called in a pipeline file, and the members that a source of that kind may have there. */
export interface SourceKind {
  readonly kind: string;
  readonly description: string;
  readonly options: OptionGroup;
  /** Whether it can tell when what it reads has changed, so that a schedule may wait for that. */
  readonly tellsChanges?: boolean;
  /**
   * What is wrong with the members as far as the datasets that there are can tell.
   * @param options as `options` reads them
   * @returns faults whose pointers lie within the source
   */
  check?(options: unknown, datasets: readonly Dataset[]): readonly Fault[];
}

/** Where the rows of a pipeline come from; `options` are as the kind's own group reads them. */
interface PipelineSource {
  readonly kind: string;
  readonly options: unknown;
}

/** What becomes of the rows between source and target. */
export type Transform =
  /** One SELECT over the relation `batch`, which may join datasets. */
  | { readonly kind: 'sql'; readonly sql: string }
  /** Takes the rows of a batch, as objects, and gives those that are to be stored. */
  | { readonly kind: 'function'; readonly run: FileFunction };

/** What a kind of job is called in a pipeline file, and the members that a job of that kind may have there. */
export type JobKind = Pick<SourceKind, 'kind' | 'description' | 'options' | 'check'>;

/** Work of the platform itself that a pipeline does in the place of moving rows; `options` are as the kind's own group reads them. */
interface PipelineJob {
  readonly kind: string;
  readonly options: unknown;
}

/** What every pipeline has, complete: every default of the file format is filled in. Times in milliseconds. */
interface AnyPipeline {
  readonly name: string;
  readonly description: string;
  /** null: it runs when somebody asks for it. */
  readonly schedule: Schedule | null;
  readonly retry: RetryOptions;
  /** How long one run may take. */
  readonly timeout: number;
  readonly alerts: readonly AlertOptions[];
}

/** Rows from a source into a dataset. */
export interface RowPipeline extends AnyPipeline {
  readonly kind: 'rows';
  readonly source: PipelineSource;
  /** null: the names of the source are those of the target. */
  readonly transform: Transform | null;
  readonly target: Target;
}

/** A job of the server. */
export interface JobPipeline extends AnyPipeline {
  readonly kind: 'job';
  readonly job: PipelineJob;
}

/** One pipeline. */
export type Pipeline = RowPipeline | JobPipeline;
