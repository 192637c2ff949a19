export type FileFormat = 'csv' | 'ndjson' | 'json' | 'parquet' | 'arrow';
export type FileCoding = 'gzip' | 'zstd';

const FORMATS: Readonly<Record<string, FileFormat>> = {
  csv: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'json',
  parquet: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
};

const CODINGS: Readonly<Record<string, FileCoding>> = { gz: 'gzip', gzip: 'gzip', zst: 'zstd', zstd: 'zstd' };

export interface NamedFileKind {
  /** null where the ending is none of those known. */
  readonly format: FileFormat | null;
  /** The ending of the format as it stands in the name, in lower case; empty where there is none. */
  readonly ending: string;
  readonly coding: FileCoding | null;
  /** The name without these endings. */
  readonly stem: string;
}

/** What a file is, by the endings of its name (without a folder). */
export function fileKindOf(name: string): NamedFileKind {
  const parts = name.split('.');
  const last = (parts.at(-1) ?? '').toLowerCase();
  const coding = parts.length > 1 ? (CODINGS[last] ?? null) : null;
  if (coding !== null) parts.pop();
  const ending = parts.length > 1 ? (parts.at(-1) ?? '').toLowerCase() : '';
  const format = FORMATS[ending] ?? null;
  if (format !== null) parts.pop();
  return { format, ending, coding, stem: parts.join('.') };
}
