import type { Dataset } from '../dataset/dataset.ts';
import { indexOfProperty } from '../dataset/dataset.ts';
import { resolveField } from '../dataset/names.ts';
import type { Fault } from '../errors.ts';
import { didYouMean } from '../text/suggest.ts';

/** What a column of an uploaded table is: a property by its position, the id, or nothing that is kept. */
export type UploadColumn = { readonly kind: 'property'; readonly index: number } | { readonly kind: 'id' } | null;

/**
 * Finds what each column of a CSV header or an Arrow schema means, in any order. System columns of an export are
 * taken along: `id` is kept, the others are passed over.
 */
export function matchUploadColumns(
  dataset: Dataset,
  names: readonly string[],
): { readonly columns: readonly UploadColumn[]; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const seen = new Set<string>();
  const known = dataset.properties.map((property) => property.name);
  const columns = names.map((name): UploadColumn => {
    const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (seen.has(name)) faults.push({ pointer, message: `The column "${name}" is there twice; name it once.` });
    seen.add(name);
    const index = indexOfProperty(dataset, name);
    if (index >= 0) return { kind: 'property', index };
    const field = resolveField(dataset, name);
    if (field?.kind === 'system') return field.name === 'id' ? { kind: 'id' } : null;
    if (dataset.additionalProperties === 'refuse') {
      const guess = didYouMean(name, known);
      faults.push({
        pointer,
        message: `The column "${name}" is not a property of dataset "${dataset.name}"${guess}; drop or rename it.`,
      });
    }
    return null;
  });
  return { columns, faults };
}
