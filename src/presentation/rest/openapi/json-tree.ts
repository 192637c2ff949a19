import { type Json, JsonArray, JsonNumber, JsonObject } from '#domain/record/json.ts';

/** A tree of plain values in which exact JSON may stand. */
export type Tree = Json | number | undefined | readonly Tree[] | { readonly [name: string]: Tree };

/** Makes exact JSON of it; undefined members are left out. */
export function toJson(tree: Tree): Json {
  if (tree === null || tree === undefined) return null;
  if (typeof tree === 'string' || typeof tree === 'boolean') return tree;
  if (typeof tree === 'number') return new JsonNumber(String(tree));
  if (tree instanceof JsonNumber || tree instanceof JsonArray || tree instanceof JsonObject) return tree;
  if (Array.isArray(tree)) return new JsonArray(tree.map(toJson));
  return new JsonObject(
    Object.entries(tree as { readonly [name: string]: Tree }).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value: toJson(value) }],
    ),
  );
}
