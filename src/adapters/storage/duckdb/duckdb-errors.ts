import { DataForgeError } from '#domain/errors.ts';

const NO_SPACE = /no space left on device|disk quota exceeded|could not write|file system is full|disk full/i;

/**
 * Whether the engine has given up the store's file, as it does when a checkpoint could not be written; the file is
 * whole, and so is the log beside it, and both can be opened anew.
 */
export function isGivenUp(error: unknown): boolean {
  return /^IO Error: (Checkpoint failed for database|Database "store" has been invalidated)/.test(textOf(error));
}

/** Tells of a file that was given up, until it is open again. */
export function storeIsDown(cause?: unknown): DataForgeError {
  return new DataForgeError(
    'resources_exhausted',
    'The store could not be written when it had to be, as on a full disk; free some space and send the request again. What was answered is kept.',
    { cause, retryable: true },
  );
}

/** What the driver throws, once, as an error of the catalogue; its text stays in `cause` alone. */
export function translateDuckDbError(error: unknown): DataForgeError {
  if (error instanceof DataForgeError) return error;
  if (isGivenUp(error)) return storeIsDown(error);
  const text = textOf(error);
  if (/^INTERRUPT/i.test(text)) {
    return new DataForgeError('cancelled', 'The query was interrupted.', { cause: error });
  }
  if (/^FATAL|has been invalidated/i.test(text)) {
    // Here the engine does not go on by itself, however much room there is later.
    return NO_SPACE.test(text)
      ? new DataForgeError(
          'resources_exhausted',
          'The disk was full when the store had to be written; free some space and start again. What was answered is kept.',
          { cause: error },
        )
      : new DataForgeError('unavailable', 'The store had to stop after a fault; restart the server.', { cause: error });
  }
  if (/^Out of Memory|failed to (allocate|pin|offload)|could not allocate|max_temp_directory_size/i.test(text)) {
    return new DataForgeError(
      'resources_exhausted',
      'The engine has not enough memory or temporary disk for this request; send less at once or raise ENGINE_MEMORY.',
      { cause: error },
    );
  }
  if (NO_SPACE.test(text)) {
    return new DataForgeError('resources_exhausted', 'The disk is full; free some space and send the request again.', {
      cause: error,
      retryable: true,
    });
  }
  if (/^(Constraint Error|TransactionContext Error)[\s\S]*(Duplicate key|violates (unique|primary key))/i.test(text)) {
    return new DataForgeError('key_exists', 'A record with this key exists already.', { cause: error });
  }
  if (/^TransactionContext Error[\s\S]*Conflict|write-write conflict|Transaction conflict/i.test(text)) {
    return new DataForgeError('unavailable', 'Another change of the same rows was under way; send the request again.', {
      cause: error,
      retryable: true,
    });
  }
  return new DataForgeError('internal', 'The storage engine failed.', { cause: error });
}

/** The same for opening a store file. */
export function translateOpenError(error: unknown, path: string): DataForgeError {
  const text = textOf(error);
  if (/lock on file|being used by another process|Conflicting lock/i.test(text)) {
    return new DataForgeError(
      'store_locked',
      `The store ${path} is open in another process; stop that process, or set DATA_DIR to another folder.`,
      { cause: error },
    );
  }
  if (/permission denied|read-only|Cannot open file/i.test(text)) {
    return new DataForgeError(
      'store_read_only',
      `The store ${path} cannot be written; give this user write access to the file and its folder.`,
      { cause: error },
    );
  }
  if (/newer version|storage version|serialization version|database file with version/i.test(text)) {
    return new DataForgeError(
      'store_newer',
      `The store ${path} was written by a newer engine; start the version of Data Forge that wrote it.`,
      { cause: error },
    );
  }
  return new DataForgeError(
    'store_damaged',
    `The store ${path} cannot be read; restore a backup with "forge restore", or move the file away to begin anew.`,
    { cause: error },
  );
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
