import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';

/** @throws DataForgeError `history_trimmed` where changes above `since` were forgotten, the last of them `trimmedTo` */
export function refuseTrimmed(dataset: Dataset, since: number, trimmedTo: number): void {
  if (since >= trimmedTo) return;
  throw new DataForgeError(
    'history_trimmed',
    `The changes of "${dataset.name}" up to ${trimmedTo} are no longer kept; read the dataset anew and follow the changes from ${trimmedTo}.`,
    { details: { from: trimmedTo } },
  );
}
