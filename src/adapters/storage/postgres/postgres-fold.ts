import { foldCharacter } from '#domain/text/fold.ts';
import { literal } from '../sql/identifier.ts';
import { FOLD } from './postgres-layout.ts';

/** Scripts with capitals lie in the first two planes of Unicode. */
const FIRST_CODE_WITHOUT = 0x20000;

let folds: { readonly from: string; readonly to: string } | null = null;

/** Each character that folds to another, and those others in the same order. */
function foldedCharacters(): { readonly from: string; readonly to: string } {
  if (folds !== null) return folds;
  let from = '';
  let to = '';
  for (let code = 0x41; code < FIRST_CODE_WITHOUT; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    const folded = foldCharacter(character);
    if (folded === character) continue;
    from += character;
    to += folded;
  }
  folds = { from, to };
  return folds;
}

/**
 * The statement that makes the function which folds texts: the server's own functions do it by its locale, which is
 * another one elsewhere. ASCII has a quicker way.
 */
export function createFoldFunction(): string {
  const { from, to } = foldedCharacters();
  return (
    `CREATE FUNCTION ${FOLD}(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $fold$ ` +
    `SELECT CASE WHEN octet_length($1) = char_length($1) THEN lower($1 COLLATE "C") ` +
    `ELSE translate($1, ${literal(from)}, ${literal(to)}) END $fold$`
  );
}
