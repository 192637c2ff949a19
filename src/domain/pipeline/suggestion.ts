/** Columns that tell when a row was last changed, and those that tell when it was made. */
const CHANGED =
  /^(last_?)?(updated|modified|changed|update|modification|change)(_?(at|on|time|date|timestamp))?$|^last_?(update|change|modified)$/i;
const TIMES: readonly string[] = ['TIMESTAMP', 'DATE', 'BIGINT', 'INTEGER'];

interface Column {
  readonly name: string;
  readonly dbType: string;
}

/** The column by which rows would be read incrementally; null where there is not exactly one that says so. */
export function guessChangedColumn(columns: readonly Column[]): string | null {
  const named = columns.filter(({ name, dbType }) => CHANGED.test(name) && TIMES.includes(dbType.replace(/\(.*/, '')));
  return named.length === 1 ? (named[0]?.name ?? null) : null;
}

/** A name that a dataset or a pipeline may have, in the style of column names, made of what somebody else calls it. */
export function plainName(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^(_|forge_)+|_+$/g, '');
  return plain === '' ? 'rows' : plain.slice(0, 60);
}

/** Names of properties that may stand in a dataset file for names that may not: `_id` as `id`. */
export function propertyNames(
  columns: readonly string[],
  isAllowed: (name: string) => boolean,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set(columns.filter(isAllowed).map((name) => name.toLowerCase()));
  for (const column of columns) {
    if (isAllowed(column)) continue;
    const plain = plainName(column);
    let name = plain;
    for (let number = 2; taken.has(name); number++) name = `${plain}_${number}`;
    taken.add(name);
    names.set(column, name);
  }
  return names;
}
