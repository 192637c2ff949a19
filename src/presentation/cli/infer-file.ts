import { fileProperty } from '#domain/dataset/file-property.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { FoundColumn } from './host.ts';

/** The content of a dataset file for these columns. */
export function datasetFileOf(name: string, columns: readonly FoundColumn[]): object {
  if (columns.length === 0)
    throw new DataForgeError('invalid_body', 'The file has no columns, so no dataset can be made of it.');
  return { name, properties: columns.map(fileProperty) };
}
