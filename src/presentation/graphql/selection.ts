import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/**
 * Names of the fields asked for under a path below the field that is resolved, fragments included. What `@skip` or
 * `@include` leaves out is counted as asked for: a column too many, never one too few.
 */
export function askedFields(info: GraphQLResolveInfo, path: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { selectionSet } of info.fieldNodes) visit(selectionSet, path);
  return names;

  function visit(set: SelectionSetNode | undefined, rest: readonly string[]): void {
    for (const node of set?.selections ?? []) {
      if (node.kind === Kind.INLINE_FRAGMENT) visit(node.selectionSet, rest);
      else if (node.kind === Kind.FRAGMENT_SPREAD) visit(info.fragments[node.name.value]?.selectionSet, rest);
      else if (rest.length === 0) names.add(node.name.value);
      else if (node.name.value === rest[0]) visit(node.selectionSet, rest.slice(1));
    }
  }
}
