import type { DbType } from '#domain/dataset/db-type.ts';
import type { Value } from '#domain/record/value.ts';

/** How a canonical value of one type is written in JSON: exactly, with DECIMAL to its scale and JSON as it came. */
export type RenderValue = (value: Value) => string;

export function valueRenderer(type: DbType): RenderValue {
  switch (type.name) {
    case 'VARCHAR':
      return (value) => (value === null ? 'null' : JSON.stringify(value));
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'UUID':
      return (value) => (value === null ? 'null' : `"${value}"`);
    default:
      return String;
  }
}
