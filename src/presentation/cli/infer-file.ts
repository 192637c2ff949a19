import { fileProperty } from '#domain/dataset/file-property.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { FoundColumn } from './host.ts';

const SYSTEM_COLUMNS = ['id', 'created_at', 'updated_at', 'version'];

/** A file that we exported has the system columns, which no dataset file names. */
export function withoutSystemColumns(columns: readonly FoundColumn[]): readonly FoundColumn[] {
  const exported = (prefix: string) =>
    SYSTEM_COLUMNS.every((name) => columns.some((column) => column.name === prefix + name));
  const system = SYSTEM_COLUMNS.flatMap((name) => [...(exported('') ? [name] : []), `_${name}`]);
  return columns.filter(({ name }) => !system.includes(name));
}

/** The content of a dataset file for these columns. */
export function datasetFileOf(name: string, columns: readonly FoundColumn[]): object {
  if (columns.length === 0)
    throw new DataForgeError('invalid_body', 'The file has no columns, so no dataset can be made of it.');
  return { name, properties: columns.map(fileProperty) };
}
