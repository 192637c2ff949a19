/**
 * Unicode simple case folding, statuses C and S of CaseFolding.txt: each code point becomes one code point, so
 * `ß` is not `ss`, and the Turkish `İ` and `ı` stay themselves.
 */
export function fold(text: string): string {
  if (IS_ASCII.test(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) folded += foldCharacter(character);
  return folded;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const IS_ASCII = /^[\u0000-\u007f]*$/;

/** Folds that do not follow from the simple upper and lower case of a code point. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  '\u0130': '\u0130',
  '\u0131': '\u0131',
  '\u1fd3': '\u0390',
  '\u1fe3': '\u03b0',
  '\ufb05': '\ufb06',
};

/** Folds one code point, given as a string. */
export function foldCharacter(character: string): string {
  const exception = EXCEPTIONS[character];
  if (exception !== undefined) return exception;
  const upper = oneCodePoint(character.toUpperCase()) ?? character;
  const lower = oneCodePoint(upper.toLowerCase()) ?? upper;
  return isCherokeeSmall(lower) ? upper : lower;
}

function oneCodePoint(text: string): string | undefined {
  return text.length === 1 || /^.$/su.test(text) ? text : undefined;
}

/** Cherokee was written in capitals first, and folds to them. */
function isCherokeeSmall(character: string): boolean {
  return /[\u13f8-\u13fd\uab70-\uabbf]/.test(character);
}
