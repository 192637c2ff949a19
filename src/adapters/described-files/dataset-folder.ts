import type { DatasetFileSet, DatasetFiles } from '#application/ports/dataset-files.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { parseDataset } from '#domain/dataset/parse-dataset.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { DescribedFolder, type FileKind } from './described-folder.ts';

/** The dataset files of one folder. */
export class DatasetFolder implements DatasetFiles {
  readonly #files: DescribedFolder<Dataset>;

  constructor(folder: string, compilePattern: CompilePattern) {
    this.#files = new DescribedFolder(folder, datasetKind(compilePattern));
  }

  async read(): Promise<readonly Dataset[]> {
    return (await this.load()).datasets;
  }

  async load(): Promise<DatasetFileSet> {
    const { values, hash } = await this.#files.load();
    return { datasets: values, hash };
  }

  watch(onChange: () => void): () => void {
    return this.#files.watch(onChange);
  }
}

function datasetKind(compilePattern: CompilePattern): FileKind<Dataset> {
  return {
    word: 'dataset',
    setting: 'DATASETS_DIR',
    code: 'invalid_dataset_file',
    example: '{ name: "…", properties: […] }',
    parse({ json }) {
      const parsed = parseDataset(json, compilePattern);
      return parsed.ok ? { ok: true, value: parsed.dataset } : parsed;
    },
    unique: [
      { member: 'name', word: 'dataset', of: ({ name }) => name },
      { member: 'table_name', word: 'table', of: ({ tableName }) => tableName },
    ],
  };
}
