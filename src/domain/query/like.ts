import { fold, foldCharacter } from '../text/fold.ts';
import type { LikePattern, LikeToken } from './query.ts';

/**
 * Takes an SQL pattern apart: `%` is any run of characters, `_` any one, and `\` takes what follows it literally.
 * @returns null where a lone `\` ends the pattern
 */
export function parseLike(text: string): LikePattern | null {
  const tokens: LikeToken[] = [];
  let literal = '';
  const flush = () => {
    if (literal !== '') tokens.push({ kind: 'text', text: literal });
    literal = '';
  };
  let escaped = false;
  for (const character of text) {
    if (escaped) {
      literal += character;
      escaped = false;
    } else if (character === '\\') {
      escaped = true;
    } else if (character === '%' || character === '_') {
      flush();
      if (character === '_') tokens.push({ kind: 'one' });
      else if (tokens.at(-1)?.kind !== 'any') tokens.push({ kind: 'any' });
    } else {
      literal += character;
    }
  }
  flush();
  return escaped ? null : tokens;
}

/** Writes a pattern back as text that `parseLike` reads alike; literal text goes through `mapText` first. */
export function formatLike(pattern: LikePattern, mapText: (text: string) => string = (text) => text): string {
  return pattern
    .map((token) => {
      if (token.kind === 'any') return '%';
      return token.kind === 'one' ? '_' : mapText(token.text).replace(/[\\%_]/g, '\\$&');
    })
    .join('');
}

const ONE = -1;
const ANY = -2;

/** Compiles a pattern into a test of a whole text. A character is a code point; time is bounded by their product. */
export function compileLike(pattern: LikePattern, ignoreCase: boolean): (text: string) => boolean {
  const codes: number[] = [];
  for (const token of pattern) {
    if (token.kind === 'text') {
      for (const character of ignoreCase ? fold(token.text) : token.text) codes.push(character.codePointAt(0) ?? 0);
    } else {
      codes.push(token.kind === 'one' ? ONE : ANY);
    }
  }
  return ignoreCase ? (text) => matches(codes, text, foldCode) : (text) => matches(codes, text, sameCode);
}

/** Goes forward; on a mismatch the last `%` takes one character more. */
function matches(codes: readonly number[], text: string, mapCode: (code: number) => number): boolean {
  let at = 0;
  let token = 0;
  let anyToken = -1;
  let anyAt = 0;
  while (at < text.length) {
    const raw = text.codePointAt(at) ?? 0;
    const code = codes[token];
    if (code === ONE || (code !== undefined && code === mapCode(raw))) {
      token++;
      at += width(raw);
    } else if (code === ANY) {
      anyToken = token++;
      anyAt = at;
    } else if (anyToken >= 0) {
      anyAt += width(text.codePointAt(anyAt) ?? 0);
      at = anyAt;
      token = anyToken + 1;
    } else {
      return false;
    }
  }
  while (codes[token] === ANY) token++;
  return token === codes.length;
}

function width(code: number): number {
  return code > 0xffff ? 2 : 1;
}

function sameCode(code: number): number {
  return code;
}

function foldCode(code: number): number {
  if (code < 0x80) return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
  return foldCharacter(String.fromCodePoint(code)).codePointAt(0) ?? code;
}
