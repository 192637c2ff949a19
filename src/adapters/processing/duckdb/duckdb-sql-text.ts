/** A name as a quoted identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A number as a DOUBLE literal that is read as the same number. */
export function double(value: number): string {
  return `'${value}'::DOUBLE`;
}

/** A column as DOUBLE, which every computation is in. */
export function asDouble(name: string): string {
  return `${quoted(name)}::DOUBLE`;
}
