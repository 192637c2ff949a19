import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FileFault, WatchedFiles } from '#application/ports/described-files.ts';
import { findClashes } from '#domain/dataset/names.ts';
import { DataForgeError, type ErrorCode, type Fault } from '#domain/errors.ts';
import type { FileContent } from '#domain/file/file-content.ts';
import type { FileText } from './file-text.ts';
import { watchFolder } from './folder-watch.ts';
import { readModule } from './module-file.ts';
import { readJson, readYaml } from './yaml-file.ts';

const EXTENSIONS = ['.yaml', '.yml', '.json', '.ts', '.mts', '.js', '.mjs'];

/** Whether a file of the folder describes something: hidden files, types, tests and schemas do not. */
export function isDescribingFile(name: string): boolean {
  return EXTENSIONS.includes(extname(name)) && !/^[._]|\.d\.m?ts$|\.test\.|\.schema\.json$/.test(name);
}

type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** `name` as far as it could be read, so that clashes with other files are seen all the same. */
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly name: string | null };

/** What the files of a folder describe. */
export interface FileKind<T> {
  /** The word for one of them: `dataset`. */
  readonly word: string;
  /** The setting that names the folder. */
  readonly setting: string;
  readonly code: ErrorCode;
  /** What a module of this kind exports, as an example to copy. */
  readonly example: string;
  parse(content: FileContent): Parsed<T>;
  /** Members of which no two files may have the same, `name` first. */
  readonly unique: readonly UniqueMember<T>[];
}

interface UniqueMember<T> {
  readonly member: string;
  /** `dataset`, `table`: what would be there twice. */
  readonly word: string;
  readonly of: (value: T) => string;
}

/** A file as far as it could be read. */
interface ReadFile<T> {
  readonly file: string;
  readonly name: string | null;
  readonly value: T | null;
  readonly faults: readonly FileFault[];
  readonly locate: (pointer: string) => Pick<FileFault, 'line' | 'column'>;
}

/** The files of one folder, each of which describes one thing in YAML, JSON or TypeScript. */
export class DescribedFolder<T extends { readonly name: string }> implements WatchedFiles {
  readonly #folder: string;
  readonly #kind: FileKind<T>;

  constructor(folder: string, kind: FileKind<T>) {
    this.#folder = folder;
    this.#kind = kind;
  }

  /** @throws DataForgeError of the kind's code, with every fault of every file */
  async load(): Promise<{ readonly values: readonly T[]; readonly hash: string }> {
    const names = await this.#list();
    const hash = createHash('sha256');
    const files: ReadFile<T>[] = [];
    for (const name of names) {
      const bytes = await readFile(join(this.#folder, name));
      hash.update(`${name}\0${bytes.length}\0`).update(bytes);
      files.push(await this.#readFile(name, bytes));
    }
    const faults = [...files.flatMap((file) => file.faults), ...this.#clashes(files)];
    if (faults.length > 0) throw invalidFiles(this.#kind, faults);
    return { values: files.flatMap(({ value }) => value ?? []), hash: hash.digest('hex') };
  }

  /** The file that describes what has a name, as it is; null where none does. */
  async fileOf(name: string): Promise<{ readonly file: string; readonly text: string } | null> {
    for (const file of await this.#list()) {
      const bytes = await readFile(join(this.#folder, file));
      if ((await this.#readFile(file, bytes)).name === name) return { file, text: bytes.toString() };
    }
    return null;
  }

  watch(onChange: () => void): () => void {
    return watchFolder(this.#folder, isDescribingFile, onChange);
  }

  async #list(): Promise<string[]> {
    const { word, setting } = this.#kind;
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      return entries
        .flatMap((entry) => (!entry.isDirectory() && isDescribingFile(entry.name) ? [entry.name] : []))
        .sort();
    } catch (cause) {
      const message = `The folder of ${word} files cannot be read; make it, or set ${setting} to the right one.`;
      throw new DataForgeError('invalid_configuration', message, { cause, details: { setting } });
    }
  }

  async #readFile(file: string, bytes: Buffer): Promise<ReadFile<T>> {
    const text = await this.#readText(file, bytes);
    const nowhere = { line: null, column: null };
    if (!text.ok) {
      const faults = text.faults.map(({ place, message }) => ({ file, ...(place ?? nowhere), pointer: '', message }));
      return { file, name: null, value: null, faults, locate: () => nowhere };
    }
    const locate = (pointer: string) => text.locate(pointer) ?? nowhere;
    const parsed = this.#kind.parse(text.content);
    if (parsed.ok) return { file, name: parsed.value.name, value: parsed.value, faults: [], locate };
    const faults = parsed.faults.map((fault) => ({ file, ...locate(fault.pointer), ...fault }));
    faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    return { file, name: parsed.name, value: null, faults, locate };
  }

  async #readText(file: string, bytes: Buffer): Promise<FileText> {
    const extension = extname(file);
    if (/^\.m?[tj]s$/.test(extension)) {
      const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      return readModule(join(this.#folder, file), version, this.#kind);
    }
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return { ok: false, faults: [{ place: null, message: 'It is not UTF-8 text; save it as UTF-8' }] };
    }
    return extension === '.json' ? readJson(text) : readYaml(text, this.#kind.word);
  }

  /** Two files may not describe one thing. What has one name need not be compared further. */
  #clashes(files: readonly ReadFile<T>[]): FileFault[] {
    for (const { member, word, of } of this.#kind.unique) {
      const named = files.flatMap((file) => {
        const name = member === 'name' ? file.name : file.value && of(file.value);
        return name === null ? [] : [{ file, name }];
      });
      const faults = findClashes(named.map(({ name }) => name)).flatMap(({ at, first }): FileFault[] => {
        const [later, earlier] = [named[at], named[first]];
        if (later === undefined || earlier === undefined) return [];
        const pointer = `/${member}`;
        const message = `The ${word} "${later.name}" is also defined in ${earlier.file.file}; give one of them another ${member}`;
        return [{ file: later.file.file, ...later.file.locate(pointer), pointer, message }];
      });
      if (faults.length > 0) return faults;
    }
    return [];
  }
}

/** `wells.yaml:3:5: …`, as compilers write it. */
export function formatFault({ file, line, column, message }: FileFault): string {
  const place = line === null ? '' : `:${line}:${column ?? 1}`;
  return `${file}${place}: ${message}`;
}

function invalidFiles(kind: Pick<FileKind<unknown>, 'word' | 'code'>, faults: readonly FileFault[]): DataForgeError {
  const { word, code } = kind;
  const files = new Set(faults.map(({ file }) => file)).size;
  const [first] = faults.map(formatFault);
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  const message = `${count} in ${files === 1 ? `a ${word} file` : `${files} ${word} files`}, the first: ${first}.`;
  return new DataForgeError(
    code,
    message.replace(/^./, (letter) => letter.toUpperCase()),
    {
      faults: faults.map((fault) => ({ pointer: fault.pointer, message: formatFault(fault) })),
      details: { faults },
    },
  );
}
