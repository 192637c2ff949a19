import { DataForgeError } from '#domain/errors.ts';
import type { ODataOptions } from './odata-options.ts';
import type { Description } from './odata-service.ts';

/**
 * Whether what a pipeline file asks of an entity set can be had of it.
 * @throws DataForgeError `invalid_configuration`
 */
export function checkOptions(
  { entity, select, orderby, incremental, delta }: ODataOptions,
  described: Description,
): void {
  const { properties, key } = described.rows;
  const isKnown = properties.length > 0;
  if (incremental !== null) {
    const { field } = incremental;
    if (delta !== null) throw refused('incremental and delta both say which rows are new; leave one of them out.');
    if (orderby !== null)
      throw refused('Rows that are read incrementally come in the order of their field; leave orderby out.');
    if (select !== null && !select.includes('*') && !select.includes(field)) {
      throw refused(`Rows are read incrementally by ${field}; name it in select too.`);
    }
    if (isKnown && !properties.some(({ name }) => name === field)) {
      throw refused(`The entities of ${entity} have no property ${field} to be read incrementally by.`);
    }
  }
  if (delta !== null && !isKnown) {
    throw refused(`Without $metadata of ${entity} nobody can tell whether what has changed is whole; leave delta out.`);
  }
  if (delta !== null && delta.removedField !== null && key.length === 0) {
    throw refused(`Entities of ${entity} that were removed are known by their key; name it in select too.`);
  }
}

function refused(message: string): DataForgeError {
  return new DataForgeError('invalid_configuration', message);
}
