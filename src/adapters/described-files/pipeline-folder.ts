import type { PipelineFile, PipelineFiles } from '#application/ports/pipeline-files.ts';
import { parsePipeline } from '#domain/pipeline/parse-pipeline.ts';
import type { Pipeline, SourceKind } from '#domain/pipeline/pipeline.ts';
import { DescribedFolder, type FileKind } from './described-folder.ts';

/** The pipeline files of one folder. */
export class PipelineFolder implements PipelineFiles {
  readonly #files: DescribedFolder<Pipeline>;

  constructor(folder: string, kinds: readonly SourceKind[]) {
    this.#files = new DescribedFolder(folder, pipelineKind(kinds));
  }

  async read(): Promise<readonly Pipeline[]> {
    return (await this.#files.load()).values;
  }

  fileOf(pipeline: string): Promise<PipelineFile | null> {
    return this.#files.fileOf(pipeline);
  }

  watch(onChange: () => void): () => void {
    return this.#files.watch(onChange);
  }
}

function pipelineKind(kinds: readonly SourceKind[]): FileKind<Pipeline> {
  return {
    word: 'pipeline',
    setting: 'PIPELINES_DIR',
    code: 'invalid_pipeline_file',
    example: '{ name: "…", source: {…}, target: {…} }',
    parse(content) {
      const parsed = parsePipeline(content, kinds);
      return parsed.ok ? { ok: true, value: parsed.pipeline } : parsed;
    },
    unique: [{ member: 'name', word: 'pipeline', of: ({ name }) => name }],
  };
}
