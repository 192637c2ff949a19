import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { DataForgeError } from '#domain/errors.ts';
import { type Json, JsonArray, JsonNumber, JsonObject, parseJson, writeJson } from '#domain/record/json.ts';

const FORMATS = {
  '.csv': 'csv',
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.parquet': 'parquet',
  '.arrow': 'arrow',
} as const;

/** One file with which a dataset of the example instance is filled. */
export interface ExampleLoad {
  readonly dataset: string;
  readonly path: string;
  readonly format: (typeof FORMATS)[keyof typeof FORMATS];
  /** Members of a JSON file that are read as text even where a row has a number there. */
  readonly text: readonly string[];
}

/**
 * Reads `manifest.yaml` of an instance's folder: which file goes into which dataset, in order.
 * @throws DataForgeError `invalid_configuration`
 */
export async function readExampleManifest(folder: string): Promise<readonly ExampleLoad[]> {
  const manifest: unknown = parse(await readFile(join(folder, 'manifest.yaml'), 'utf8'));
  const loads = (manifest as { loads?: unknown } | null)?.loads;
  if (!Array.isArray(loads)) throw invalid('it must have a list "loads"');
  return loads.map((load: unknown, at) => {
    const { dataset, file, text = [] } = (load ?? {}) as Record<string, unknown>;
    if (typeof dataset !== 'string' || typeof file !== 'string') throw invalid(`load ${at + 1} needs dataset and file`);
    const format = FORMATS[extname(file) as keyof typeof FORMATS];
    if (format === undefined) throw invalid(`${file} must end in one of ${Object.keys(FORMATS).join(', ')}`);
    if (!Array.isArray(text) || (text.length > 0 && format !== 'json')) {
      throw invalid(`"text" of ${file} must be a list of members, of a JSON file`);
    }
    return { dataset, path: resolveFile(folder, file), format, text: text.map(String) };
  });
}

function invalid(reason: string): DataForgeError {
  return new DataForgeError('invalid_configuration', `The manifest of the examples is not valid: ${reason}.`);
}

/** `npm:package/path` leads into an installed package, any other path from the folder. */
function resolveFile(folder: string, file: string): string {
  const parts = /^npm:((?:@[^/]+\/)?[^/]+)\/(.+)$/.exec(file);
  if (parts === null) return join(folder, file);
  const [, name = '', path = ''] = parts;
  const entry = fileURLToPath(import.meta.resolve(name));
  const home = join('node_modules', ...name.split('/'));
  return join(entry.slice(0, entry.lastIndexOf(home) + home.length), ...path.split('/'));
}

/** The bytes of the file, as an upload of its format. */
export async function* openExample(load: ExampleLoad): AsyncGenerator<Uint8Array> {
  if (load.text.length === 0) {
    yield* createReadStream(load.path);
    return;
  }
  const rows = parseJson(await readFile(load.path, 'utf8'));
  yield new TextEncoder().encode(writeJson(withTexts(rows, load.text)));
}

function withTexts(rows: Json, names: readonly string[]): Json {
  if (!(rows instanceof JsonArray)) return rows;
  return new JsonArray(
    rows.items.map((row) =>
      row instanceof JsonObject
        ? new JsonObject(
            row.members.map(({ name, value }) => ({
              name,
              value: value instanceof JsonNumber && names.includes(name) ? value.text : value,
            })),
          )
        : row,
    ),
  );
}
