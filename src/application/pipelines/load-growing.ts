import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { DatasetGrowth } from '../ports/dataset-growth.ts';
import type { SourceRows } from '../ports/source.ts';
import { KeptRows } from './kept-rows.ts';

export interface GrowingPorts {
  readonly growth: DatasetGrowth;
  /** Takes the dataset files over as they are now. */
  readonly synchronise: () => Promise<void>;
}

/**
 * Loads rows into a dataset that grows with them: where they do not fit, and have members that it does not know, its file
 * gets a property for each, and they are loaded once more.
 */
export async function loadGrowing<T>(
  { growth, synchronise }: GrowingPorts,
  rows: SourceRows,
  dataset: () => Dataset,
  load: (rows: SourceRows) => Promise<T>,
): Promise<T> {
  const kept = new KeptRows(rows);
  try {
    return await load(kept.rows);
  } catch (error) {
    if (!(error instanceof DataForgeError) || !['invalid_value', 'invalid_body'].includes(error.code)) throw error;
    const added = await growth.grow(dataset(), kept.rows);
    if (added.length === 0) throw error;
    await synchronise();
    return load(kept.rows);
  }
}
