import { DataForgeError } from '#domain/errors.ts';

/** Where a store is. What is null is taken from the settings, `DATA_DIR` or `DATABASE_URL`. */
export type StoreAddress =
  | { readonly engine: 'duckdb' | 'sqlite'; readonly folder: string | null }
  | { readonly engine: 'postgres'; readonly url: string | null };

/**
 * Reads `duckdb:FOLDER`, `sqlite:FOLDER`, `postgres://…`, or the word of an engine alone.
 * @param flag the flag it was given with
 * @throws DataForgeError `invalid_parameter`; it shows nothing of an address that may have a password
 */
export function parseStoreAddress(text: string, flag: string): StoreAddress {
  if (/^postgres(ql)?:\/\//.test(text)) return { engine: 'postgres', url: text };
  if (text === 'postgres') return { engine: 'postgres', url: null };
  const [, engine, , folder = null] = /^(duckdb|sqlite)(:(.+))?$/s.exec(text) ?? [];
  if (engine === 'duckdb' || engine === 'sqlite') {
    if (folder !== null && /\.(duckdb|sqlite)$/.test(folder)) {
      throw refused(flag, 'names a file; name the folder that it lies in');
    }
    return { engine, folder };
  }
  if (/^memory\b/.test(text)) throw refused(flag, 'is an engine that keeps nothing; it cannot be copied');
  throw refused(flag, 'has to be like duckdb:FOLDER, sqlite:FOLDER or postgres://user:password@host:port/database');
}

function refused(flag: string, reason: string): DataForgeError {
  return new DataForgeError('invalid_parameter', `${flag} ${reason}.`);
}
