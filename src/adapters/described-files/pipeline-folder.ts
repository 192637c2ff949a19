import type { PipelineFile, PipelineFiles } from '#application/ports/pipeline-files.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Fault } from '#domain/errors.ts';
import { parsePipeline } from '#domain/pipeline/parse-pipeline.ts';
import type { JobKind, Pipeline, SourceKind } from '#domain/pipeline/pipeline.ts';
import { DescribedFolder, type FileKind } from './described-folder.ts';

/** The pipeline files of one folder. */
export class PipelineFolder implements PipelineFiles {
  readonly #folder: string;
  readonly #sources: readonly SourceKind[];
  readonly #jobs: readonly JobKind[];

  /** @param jobs none: files that name a job are refused */
  constructor(folder: string, sources: readonly SourceKind[], jobs: readonly JobKind[] = []) {
    this.#folder = folder;
    this.#sources = sources;
    this.#jobs = jobs;
  }

  async read(datasets: readonly Dataset[] | null = null): Promise<readonly Pipeline[]> {
    return (await this.#files(datasets).load()).values;
  }

  fileOf(pipeline: string): Promise<PipelineFile | null> {
    return this.#files().fileOf(pipeline);
  }

  watch(onChange: () => void): () => void {
    return this.#files().watch(onChange);
  }

  #files(datasets: readonly Dataset[] | null = null): DescribedFolder<Pipeline> {
    return new DescribedFolder(this.#folder, pipelineKind(this.#sources, this.#jobs, datasets));
  }
}

function pipelineKind(
  sources: readonly SourceKind[],
  jobs: readonly JobKind[],
  datasets: readonly Dataset[] | null,
): FileKind<Pipeline> {
  return {
    word: 'pipeline',
    setting: 'PIPELINES_DIR',
    code: 'invalid_pipeline_file',
    example: '{ name: "…", source: {…}, target: {…} }',
    parse(content) {
      const parsed = parsePipeline(content, sources, jobs);
      if (!parsed.ok) return parsed;
      const { pipeline } = parsed;
      const faults = datasets === null ? [] : checkKind(pipeline, sources, jobs, datasets);
      return faults.length === 0 ? { ok: true, value: pipeline } : { ok: false, faults, name: pipeline.name };
    },
    unique: [{ member: 'name', word: 'pipeline', of: ({ name }) => name }],
  };
}

/** What its kind of source or job finds wrong with it, now that the datasets are known. */
function checkKind(
  pipeline: Pipeline,
  sources: readonly SourceKind[],
  jobs: readonly JobKind[],
  datasets: readonly Dataset[],
): Fault[] {
  const [kinds, { kind, options }, pointer] =
    pipeline.kind === 'rows' ? [sources, pipeline.source, '/source'] : [jobs, pipeline.job, '/job'];
  const faults = kinds.find((candidate) => candidate.kind === kind)?.check?.(options, datasets) ?? [];
  return faults.map((fault) => ({ pointer: pointer + fault.pointer, message: fault.message.replace(/\.$/, '') }));
}
