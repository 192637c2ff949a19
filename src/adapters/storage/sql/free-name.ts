/** A name for a column of a result that none before it has: one that came before gets `_2`, `_3`, … */
export function freeName(name: string, taken: Set<string>, all: readonly string[]): string {
  let free = name;
  for (let count = 2; taken.has(free) || (free !== name && all.includes(free)); count++) free = `${name}_${count}`;
  taken.add(free);
  return free;
}
