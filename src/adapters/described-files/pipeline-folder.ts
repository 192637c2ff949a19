import type { PipelineFile, PipelineFiles } from '#application/ports/pipeline-files.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Fault } from '#domain/errors.ts';
import { parsePipeline } from '#domain/pipeline/parse-pipeline.ts';
import type { Pipeline, SourceKind } from '#domain/pipeline/pipeline.ts';
import { DescribedFolder, type FileKind } from './described-folder.ts';

/** The pipeline files of one folder. */
export class PipelineFolder implements PipelineFiles {
  readonly #folder: string;
  readonly #kinds: readonly SourceKind[];

  constructor(folder: string, kinds: readonly SourceKind[]) {
    this.#folder = folder;
    this.#kinds = kinds;
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
    return new DescribedFolder(this.#folder, pipelineKind(this.#kinds, datasets));
  }
}

function pipelineKind(kinds: readonly SourceKind[], datasets: readonly Dataset[] | null): FileKind<Pipeline> {
  return {
    word: 'pipeline',
    setting: 'PIPELINES_DIR',
    code: 'invalid_pipeline_file',
    example: '{ name: "…", source: {…}, target: {…} }',
    parse(content) {
      const parsed = parsePipeline(content, kinds);
      if (!parsed.ok) return parsed;
      const { pipeline } = parsed;
      const faults = datasets === null ? [] : checkSource(pipeline, kinds, datasets);
      return faults.length === 0 ? { ok: true, value: pipeline } : { ok: false, faults, name: pipeline.name };
    },
    unique: [{ member: 'name', word: 'pipeline', of: ({ name }) => name }],
  };
}

/** What its kind of source finds wrong with it, now that the datasets are known. */
function checkSource({ source }: Pipeline, kinds: readonly SourceKind[], datasets: readonly Dataset[]): Fault[] {
  const kind = kinds.find((candidate) => candidate.kind === source.kind);
  const faults = kind?.check?.(source.options, datasets) ?? [];
  return faults.map(({ pointer, message }) => ({
    pointer: `/source${pointer}`,
    message: message.replace(/\.$/, ''),
  }));
}
