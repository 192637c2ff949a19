import { DataForgeError } from '#domain/errors.ts';

/** Why a store is not opened that `forge migrate` has begun and not finished. @param store where it is, for people */
export function unfinishedCopy(store: string): DataForgeError {
  return new DataForgeError(
    'store_unfinished',
    `The store ${store} is the unfinished copy of another; run the same "forge migrate" again to finish it, or remove it.`,
  );
}

/** Where a copy was to be read from and there is nothing. */
export function noStore(store: string): DataForgeError {
  return new DataForgeError('invalid_parameter', `There is no store at ${store} to copy; is --from right?`);
}
