import { DataForgeError } from '#domain/errors.ts';
import type { Pipeline, RowPipeline } from '#domain/pipeline/pipeline.ts';
import { didYouMean } from '#domain/text/suggest.ts';

/** The pipelines there are now. A reload puts a new set in the place of the old one, all at once. */
export class PipelineCatalog {
  #pipelines: ReadonlyMap<string, Pipeline> = new Map();
  #revision = 0;

  /** Grows with each new set. */
  get revision(): number {
    return this.#revision;
  }

  /** @throws DataForgeError `unknown_pipeline` */
  get(name: string): Pipeline {
    const pipeline = this.#pipelines.get(name);
    if (pipeline !== undefined) return pipeline;
    const guess = didYouMean(name, [...this.#pipelines.keys()]);
    const message = `There is no pipeline "${name.slice(0, 200)}"${guess}; GET /api/v1/pipelines lists those there are.`;
    throw new DataForgeError('unknown_pipeline', message);
  }

  /** The same for what is done with rows. @throws DataForgeError `invalid_parameter` for a job, `unknown_pipeline` */
  getRows(name: string): RowPipeline {
    return requireRows(this.get(name));
  }

  /** In the order of their names. */
  list(): readonly Pipeline[] {
    return [...this.#pipelines.values()];
  }

  replace(pipelines: readonly Pipeline[]): void {
    const sorted = [...pipelines].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#pipelines = new Map(sorted.map((pipeline) => [pipeline.name, pipeline]));
    this.#revision++;
  }
}

/** @throws DataForgeError `invalid_parameter` */
export function requireRows(pipeline: Pipeline): RowPipeline {
  if (pipeline.kind === 'rows') return pipeline;
  const { name, job } = pipeline;
  const message = `Pipeline "${name}" does the job ${job.kind} and moves no rows, so that there is none to fetch, take, replay or undo.`;
  throw new DataForgeError('invalid_parameter', message);
}
