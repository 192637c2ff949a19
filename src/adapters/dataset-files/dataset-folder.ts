import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { DatasetFileSet, DatasetFiles, FileFault } from '#application/ports/dataset-files.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { findClashes } from '#domain/dataset/names.ts';
import { parseDataset } from '#domain/dataset/parse-dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { watchFolder } from './folder-watch.ts';
import { readModule } from './module-file.ts';
import type { SourceFile } from './source-file.ts';
import { readJson, readYaml } from './yaml-file.ts';

const EXTENSIONS = ['.yaml', '.yml', '.json', '.ts', '.mts', '.js', '.mjs'];

/** Whether a file of the folder is a dataset file: hidden files, types, tests and schemas are not. */
export function isDatasetFile(name: string): boolean {
  return EXTENSIONS.includes(extname(name)) && !/^[._]|\.d\.m?ts$|\.test\.|\.schema\.json$/.test(name);
}

/** A file as far as it could be read. */
interface ReadFile {
  readonly file: string;
  readonly name: string | null;
  readonly dataset: Dataset | null;
  readonly faults: readonly FileFault[];
  readonly locate: (pointer: string) => Pick<FileFault, 'line' | 'column'>;
}

/** The dataset files of one folder. */
export class DatasetFolder implements DatasetFiles {
  readonly #folder: string;
  readonly #compilePattern: CompilePattern;

  constructor(folder: string, compilePattern: CompilePattern) {
    this.#folder = folder;
    this.#compilePattern = compilePattern;
  }

  async read(): Promise<readonly Dataset[]> {
    return (await this.load()).datasets;
  }

  async load(): Promise<DatasetFileSet> {
    const names = await this.#list();
    const hash = createHash('sha256');
    const files: ReadFile[] = [];
    for (const name of names) {
      const bytes = await readFile(join(this.#folder, name));
      hash.update(`${name}\0${bytes.length}\0`).update(bytes);
      files.push(await this.#readFile(name, bytes));
    }
    const faults = [...files.flatMap((file) => file.faults), ...clashFaults(files)];
    if (faults.length > 0) throw invalidFiles(faults);
    return { datasets: files.flatMap(({ dataset }) => dataset ?? []), hash: hash.digest('hex') };
  }

  watch(onChange: () => void): () => void {
    return watchFolder(this.#folder, isDatasetFile, onChange);
  }

  async #list(): Promise<string[]> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      return entries.flatMap((entry) => (!entry.isDirectory() && isDatasetFile(entry.name) ? [entry.name] : [])).sort();
    } catch (cause) {
      const message = 'The folder of dataset files cannot be read; make it, or set DATASETS_DIR to the right one.';
      throw new DataForgeError('invalid_configuration', message, { cause, details: { setting: 'DATASETS_DIR' } });
    }
  }

  async #readFile(file: string, bytes: Buffer): Promise<ReadFile> {
    const source = await this.#readSource(file, bytes);
    const nowhere = { line: null, column: null };
    if (!source.ok) {
      const faults = source.faults.map(({ place, message }) => ({ file, ...(place ?? nowhere), pointer: '', message }));
      return { file, name: null, dataset: null, faults, locate: () => nowhere };
    }
    const locate = (pointer: string) => source.locate(pointer) ?? nowhere;
    const parsed = parseDataset(source.json, this.#compilePattern);
    if (parsed.ok) return { file, name: parsed.dataset.name, dataset: parsed.dataset, faults: [], locate };
    const faults = parsed.faults.map((fault) => ({ file, ...locate(fault.pointer), ...fault }));
    faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    return { file, name: parsed.name, dataset: null, faults, locate };
  }

  async #readSource(file: string, bytes: Buffer): Promise<SourceFile> {
    const extension = extname(file);
    if (/^\.m?[tj]s$/.test(extension)) {
      return readModule(join(this.#folder, file), createHash('sha256').update(bytes).digest('hex').slice(0, 16));
    }
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return { ok: false, faults: [{ place: null, message: 'It is not UTF-8 text; save it as UTF-8' }] };
    }
    return extension === '.json' ? readJson(text) : readYaml(text);
  }
}

/** Two files may not define one dataset, nor one table. */
function clashFaults(files: readonly ReadFile[]): FileFault[] {
  const faults: FileFault[] = [];
  const compare = (key: 'name' | 'table_name', named: readonly { file: ReadFile; name: string }[]) => {
    for (const { at, first } of findClashes(named.map(({ name }) => name))) {
      const [later, earlier] = [named[at], named[first]];
      if (later === undefined || earlier === undefined) continue;
      const pointer = `/${key}`;
      const what = key === 'name' ? 'dataset' : 'table';
      const message = `The ${what} "${later.name}" is also defined in ${earlier.file.file}; give one of them another ${key}`;
      faults.push({ file: later.file.file, ...later.file.locate(pointer), pointer, message });
    }
  };
  compare(
    'name',
    files.flatMap((file) => (file.name === null ? [] : [{ file, name: file.name }])),
  );
  if (faults.length > 0) return faults;
  compare(
    'table_name',
    files.flatMap((file) => (file.dataset === null ? [] : [{ file, name: file.dataset.tableName }])),
  );
  return faults;
}

/** `wells.yaml:3:5: …`, as compilers write it. */
export function formatFault({ file, line, column, message }: FileFault): string {
  const place = line === null ? '' : `:${line}:${column ?? 1}`;
  return `${file}${place}: ${message}`;
}

function invalidFiles(faults: readonly FileFault[]): DataForgeError {
  const files = new Set(faults.map(({ file }) => file)).size;
  const [first] = faults.map(formatFault);
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  const message = `${count} in ${files === 1 ? 'a dataset file' : `${files} dataset files`}, the first: ${first}.`;
  return new DataForgeError(
    'invalid_dataset_file',
    message.replace(/^./, (letter) => letter.toUpperCase()),
    {
      faults: faults.map((fault) => ({ pointer: fault.pointer, message: formatFault(fault) })),
      details: { faults },
    },
  );
}
