/** A test of SQL's LIKE (`%` any text, `_` any character, `\` before one of them); null passes everything. */
export function likePattern(pattern: string | null): (text: string) => boolean {
  if (pattern === null) return () => true;
  const parts = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? [];
  const tokens = parts.map((part) =>
    part.length > 1 && part.startsWith('\\') ? { exact: part.slice(1) } : wild(part),
  );
  return (text) => matches([...text], tokens);
}

type Token = { readonly exact: string } | 'any' | 'one';

function wild(part: string): Token {
  if (part === '%') return 'any';
  return part === '_' ? 'one' : { exact: part };
}

/** In time of text by pattern, whatever the pattern. */
function matches(text: readonly string[], tokens: readonly Token[]): boolean {
  let reached = new Set([0]);
  for (const token of tokens) {
    const next = new Set<number>();
    for (const at of reached) {
      if (token === 'any') for (let end = at; end <= text.length; end++) next.add(end);
      else if (at < text.length && (token === 'one' || token.exact === text[at])) next.add(at + 1);
    }
    reached = next;
  }
  return reached.has(text.length);
}
