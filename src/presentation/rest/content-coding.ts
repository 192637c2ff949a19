import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliCompress,
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  createGzip,
  createInflate,
  createZstdCompress,
  createZstdDecompress,
  gzip,
  zstdCompress,
} from 'node:zlib';
import { DataForgeError } from '#domain/errors.ts';
import type { ContentCoding } from './accept.ts';

/** Answers are compressed while somebody waits, so speed goes before size. */
const GZIP = { level: 1 };
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } };

const gzipText = promisify(gzip);
const zstdText = promisify<Uint8Array, typeof ZSTD, Buffer>(zstdCompress);
const brotliText = promisify<Uint8Array, typeof BROTLI, Buffer>(brotliCompress);

export function compress(coding: Exclude<ContentCoding, 'identity'>, bytes: Uint8Array): Promise<Buffer> {
  if (coding === 'zstd') return zstdText(bytes, ZSTD);
  return coding === 'br' ? brotliText(bytes, BROTLI) : (gzipText(bytes, GZIP) as Promise<Buffer>);
}

export function createCompressor(coding: Exclude<ContentCoding, 'identity'>): Transform {
  if (coding === 'zstd') return createZstdCompress(ZSTD);
  return coding === 'br' ? createBrotliCompress(BROTLI) : createGzip(GZIP);
}

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** Decoders for a `Content-Encoding` header, in the order in which they are to be applied. */
export function createDecoders(header: string | undefined): Transform[] {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase());
  const applied = names.filter((name) => name !== '' && name !== 'identity').reverse();
  if (applied.length > 2) throw unsupported(header ?? '');
  return applied.map((name) => {
    const create = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
    if (create === undefined) throw unsupported(name);
    return create();
  });
}

function unsupported(name: string): DataForgeError {
  return new DataForgeError(
    'unsupported_media_type',
    `Content-Encoding "${name.slice(0, 100)}" is not taken here; send gzip, zstd, br or deflate, or no compression.`,
  );
}
