import type { ProcessorInput } from '#application/ports/processor.ts';
import { identityOf } from '#domain/analysis/operation.ts';

/** A name as a quoted identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A number as a DOUBLE literal that is read as the same number. */
export function double(value: number): string {
  return `'${value}'::DOUBLE`;
}

/** A column as DOUBLE, which every computation is in. */
export function asDouble(name: string): string {
  return `${quoted(name)}::DOUBLE`;
}

/** What tells the rows of an input apart and puts them in order: their id, else the order in which they came. */
export function rowOrder({ columns }: ProcessorInput): string {
  const [id = '_order'] = identityOf(columns);
  return quoted(id);
}
