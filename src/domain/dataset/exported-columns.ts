const SYSTEM_COLUMNS = ['id', 'created_at', 'updated_at', 'version'];

/** Rows that Data Forge has exported have the system columns, which no dataset file names. */
export function withoutSystemColumns<C extends { readonly name: string }>(columns: readonly C[]): readonly C[] {
  const exported = (prefix: string) =>
    SYSTEM_COLUMNS.every((name) => columns.some((column) => column.name === prefix + name));
  const system = SYSTEM_COLUMNS.flatMap((name) => [...(exported('') ? [name] : []), `_${name}`]);
  return columns.filter(({ name }) => name !== '_seq' && !system.includes(name));
}
