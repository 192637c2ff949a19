/**
 * The GraphQL name of a dataset or property, a pure function of it. ASCII letters become lower case; an underscore
 * before a letter makes that letter a capital and an underscore before a digit stays; every other character, a digit at
 * the start and the first letter of `true`, `false` and `null` become `_u` + its code point in hexadecimal + `_`.
 * Two names come out alike only where they differ in nothing but the case of ASCII letters, which dataset files refuse.
 */
export function graphqlName(name: string): string {
  const lower = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (/^(?:true|false|null)$/.test(lower)) return escapeOf(lower.slice(0, 1)) + lower.slice(1);
  return lower.replace(/_([a-z])|_(?=[0-9])|^[0-9]|[^a-z0-9]/gu, (found, letter: string | undefined, at: number) => {
    if (letter !== undefined && at > 0) return letter.toUpperCase();
    if (found === '_' && at > 0 && /[0-9]/.test(lower[at + 1] ?? '')) return '_';
    return letter === undefined ? escapeOf(found) : escapeOf('_') + letter;
  });
}

/** The same where it follows another word. */
export function capitalName(name: string): string {
  const plain = graphqlName(name);
  return plain.slice(0, 1).toUpperCase() + plain.slice(1);
}

function escapeOf(character: string): string {
  return `_u${(character.codePointAt(0) ?? 0).toString(16)}_`;
}
