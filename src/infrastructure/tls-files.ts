import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { DataForgeError } from '#domain/errors.ts';

/**
 * Reads a certificate and its private key (PEM), named by the two settings in this order.
 * @throws DataForgeError `invalid_configuration` where a file cannot be read or the two are no pair
 */
export function readTlsFiles(files: Readonly<Record<string, string>>): { readonly cert: Buffer; readonly key: Buffer } {
  const [cert, key] = Object.entries(files).map(([setting, path]) => {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw invalid(`${setting} names "${path}", which cannot be read; name a PEM file that is there.`, cause);
    }
  }) as [Buffer, Buffer];
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw invalid(`${Object.keys(files).join(' and ')} are not a certificate and its private key in PEM.`, cause);
  }
  return { cert, key };
}

function invalid(message: string, cause: unknown): DataForgeError {
  return new DataForgeError('invalid_configuration', message, { cause });
}
