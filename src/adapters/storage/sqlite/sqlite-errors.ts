import { DataForgeError } from '#domain/errors.ts';

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that mean something to people. */
const CODES = {
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  INTERRUPT: 9,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  TOOBIG: 18,
  CONSTRAINT: 19,
  PERM: 3,
  NOTADB: 26,
} as const;

/** The primary result code of what the driver threw; null where it is no error of the engine. */
function resultCodeOf(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : null;
}

export function isConstraintError(error: unknown): boolean {
  return resultCodeOf(error) === CODES.CONSTRAINT;
}

/** What the driver throws, once, as an error of the catalogue; its text stays in `cause` alone. */
export function translateSqliteError(error: unknown): DataForgeError {
  if (error instanceof DataForgeError) return error;
  switch (resultCodeOf(error)) {
    case CODES.FULL:
      return new DataForgeError(
        'resources_exhausted',
        'The disk is full; free some space and send the request again.',
        {
          cause: error,
          retryable: true,
        },
      );
    case CODES.IOERR:
      return new DataForgeError(
        'resources_exhausted',
        'The disk does not take what is written; is it full? Free some space and send the request again.',
        { cause: error, retryable: true },
      );
    case CODES.NOMEM:
    case CODES.TOOBIG:
      return new DataForgeError(
        'resources_exhausted',
        'The engine has not enough memory for this request; send less at once.',
        { cause: error },
      );
    case CODES.BUSY:
    case CODES.LOCKED:
      return new DataForgeError('unavailable', 'The store is busy; send the request again.', {
        cause: error,
        retryable: true,
      });
    case CODES.CONSTRAINT:
      return new DataForgeError('key_exists', 'A record with this key exists already.', { cause: error });
    case CODES.CORRUPT:
    case CODES.NOTADB:
      return new DataForgeError('store_damaged', 'The store is damaged; restore a backup with "forge restore".', {
        cause: error,
      });
    default:
      break;
  }
  const text = error instanceof Error ? error.message : String(error);
  if (/^no such table/.test(text)) {
    return new DataForgeError('unknown_dataset', 'The store has no such dataset.', { cause: error });
  }
  const noSpace = (error as NodeJS.ErrnoException | null)?.code === 'ENOSPC';
  if (noSpace) {
    return new DataForgeError('resources_exhausted', 'The disk is full; free some space and send the request again.', {
      cause: error,
      retryable: true,
    });
  }
  return new DataForgeError('internal', 'The storage engine failed.', { cause: error });
}

/** The same for opening a store file. */
export function translateOpenError(error: unknown, path: string): DataForgeError {
  if (error instanceof DataForgeError && error.code !== 'internal') return error;
  switch (resultCodeOf(error)) {
    case CODES.BUSY:
    case CODES.LOCKED:
      return new DataForgeError(
        'store_locked',
        `The store ${path} is open in another process; stop that process, or set DATA_DIR to another folder.`,
        { cause: error },
      );
    case CODES.READONLY:
    case CODES.CANTOPEN:
    case CODES.PERM:
      return readOnlyError(path, error);
    default:
      return damagedError(path, error);
  }
}

export function readOnlyError(path: string, cause: unknown): DataForgeError {
  return new DataForgeError(
    'store_read_only',
    `The store ${path} cannot be written; give this user write access to the file and its folder.`,
    { cause },
  );
}

export function damagedError(path: string, cause: unknown): DataForgeError {
  return new DataForgeError(
    'store_damaged',
    `The store ${path} cannot be read; restore a backup with "forge restore", or move the file away to begin anew.`,
    { cause },
  );
}
