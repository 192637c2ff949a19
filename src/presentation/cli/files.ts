import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { DataForgeError } from '#domain/errors.ts';
import { type FileCoding, type FileFormat, fileKindOf } from '#formats/file/file-kind.ts';

export type { FileFormat };

/** As uploads and answers name them. */
export const MEDIA_TYPES: Readonly<Record<FileFormat, string>> = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  json: 'application/json',
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
};

/** The first bytes of an Arrow IPC file, which a stream does not have. */
const ARROW_FILE_MAGIC = 'ARROW1';
const ARROW_FILE_TYPE = 'application/vnd.apache.arrow.file';

export interface FileKind {
  readonly format: FileFormat;
  readonly coding: FileCoding | null;
  /** The name without folder and endings: what a new dataset is called. */
  readonly stem: string;
}

/** What a file is, by the endings of its name. */
export function fileKind(path: string, format?: FileFormat): FileKind {
  const found = fileKindOf(basename(path));
  const known = format ?? found.format;
  if (known !== null) return { format: known, coding: found.coding, stem: found.stem };
  throw new DataForgeError(
    'unsupported_media_type',
    `The format of ${path} is not known; name it .csv, .ndjson, .json, .parquet or .arrow (and .gz or .zst behind), or use --format.`,
  );
}

/** The size of a file that can be read. */
export async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (cause) {
    throw new DataForgeError('invalid_parameter', `The file ${path} cannot be read; is the path right?`, { cause });
  }
  throw new DataForgeError('invalid_parameter', `${path} is not a file.`);
}

/** The bytes of a file as they lie on disk. */
export function openFile(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}

/** The bytes of a file, decompressed. */
export function openDecoded(path: string, coding: FileCoding | null): AsyncIterable<Uint8Array> {
  if (coding === null) return openFile(path);
  const decoder = coding === 'gzip' ? createGunzip() : createZstdDecompress();
  return pipeline(createReadStream(path), decoder, () => {});
}

/** The media type of an upload; Arrow comes as a stream or as a file. */
export async function mediaTypeOf(path: string, { format, coding }: FileKind): Promise<string> {
  if (format !== 'arrow') return MEDIA_TYPES[format];
  for await (const chunk of openDecoded(path, coding)) {
    return Buffer.from(chunk.subarray(0, 6)).toString('latin1') === ARROW_FILE_MAGIC
      ? ARROW_FILE_TYPE
      : MEDIA_TYPES.arrow;
  }
  return MEDIA_TYPES.arrow;
}
