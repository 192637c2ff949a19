import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { isMap, isSeq, parseDocument } from 'yaml';
import type { DatasetGrowth } from '#application/ports/dataset-growth.ts';
import type { SourceRows } from '#application/ports/source.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { fileProperty } from '#domain/dataset/file-property.ts';
import { nameFault, namesClash } from '#domain/dataset/names.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type InferredColumn, inferColumns } from '#formats/rows/infer-columns.ts';
import { isDescribingFile } from './described-folder.ts';

/** Adds properties to YAML and JSON files; all else in them stays as people wrote it. */
export class DatasetFileGrowth implements DatasetGrowth {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async grow(dataset: Dataset, rows: SourceRows): Promise<readonly string[]> {
    const columns = await newColumns(dataset, rows);
    if (columns.length === 0) return [];
    const { path, text } = await this.#find(dataset);
    const grown = extname(path) === '.json' ? grownJson(text, columns) : grownYaml(text, columns);
    const partial = `${path}.partial`;
    await writeFile(partial, grown);
    await rename(partial, path);
    return columns.map(({ name }) => name);
  }

  async #find({ name }: Dataset): Promise<{ readonly path: string; readonly text: string }> {
    for (const file of (await readdir(this.#folder)).filter(isDescribingFile)) {
      if (!['.yaml', '.yml', '.json'].includes(extname(file))) continue;
      const path = join(this.#folder, file);
      const text = await readFile(path, 'utf8');
      const { contents } = parseDocument(text);
      if (isMap(contents) && String(contents.get('name')) === name) return { path, text };
    }
    const message = `Dataset "${name}" is to grow, and its file is no YAML and no JSON, which a program could write; add the properties by hand.`;
    throw new DataForgeError('incompatible_schema', message);
  }
}

async function newColumns(dataset: Dataset, { format, body }: SourceRows): Promise<readonly InferredColumn[]> {
  if (format === 'parquet' || format === 'arrow') return [];
  const known = dataset.properties.map(({ name }) => name);
  const columns = await inferColumns(body, format, 'row');
  return columns.filter(({ name }) => nameFault(name) === null && !known.some((other) => namesClash(name, other)));
}

function grownYaml(text: string, columns: readonly InferredColumn[]): string {
  const document = parseDocument(text);
  for (const column of columns) {
    document.addIn(['properties'], document.createNode(fileProperty(column), { flow: true }));
  }
  return document.toString({ lineWidth: 0 });
}

/** Behind the last property, with the indentation that it has. */
function grownJson(text: string, columns: readonly InferredColumn[]): string {
  const properties = parseDocument(text).get('properties', true);
  const last = isSeq(properties) ? (properties.items.at(-1) as { range?: readonly number[] } | undefined) : undefined;
  const [start = 0, end = 0] = last?.range ?? [];
  const [, indent = ''] = /(\n[ \t]*)$/.exec(text.slice(0, start)) ?? [];
  const added = columns.map((column) => `,${indent || ' '}${JSON.stringify(fileProperty(column))}`);
  return text.slice(0, end) + added.join('') + text.slice(end);
}
