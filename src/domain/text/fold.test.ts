import { expect, test } from 'vitest';
import { fold, foldCharacter } from './fold.ts';

function allCharacters(): string[] {
  const characters: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code < 0xd800 || code > 0xdfff) characters.push(String.fromCodePoint(code));
  }
  return characters;
}

test('two code points fold alike exactly where a regular expression with the flags iu takes them for one', () => {
  const all = allCharacters();
  const cased = new Set<string>();
  for (const character of all) {
    const folded = foldCharacter(character);
    if (folded === character && !/\p{CWCF}|\p{CWL}|\p{CWU}/u.test(character)) continue;
    cased.add(character).add(folded);
    expect(foldCharacter(folded), 'folding twice changes nothing').toBe(folded);
    if (folded !== character) expect(new RegExp(`^${character}$`, 'iu').test(folded), character).toBe(true);
  }
  const folds = [...new Set([...cased].map(foldCharacter))];
  const text = folds.join('');
  for (const folded of folds) expect(text.match(new RegExp(folded, 'giu'))).toEqual([folded]);
  const uncased = all.filter((character) => !cased.has(character)).join('');
  expect(new RegExp(`[${[...cased].join('')}]`, 'iu').test(uncased)).toBe(false);
});

test.each([
  ['Hello', 'hello'],
  ['ΣΊΣΥΦΟΣ', 'σίσυφοσ'],
  ['σίσυφος', 'σίσυφοσ'],
  ['ſ', 's'],
  ['\u212a', 'k'],
  ['ß', 'ß'],
  ['\u1e9e', 'ß'],
  ['\u0130I\u0131', '\u0130i\u0131'],
  ['\u1fbe', '\u03b9'],
  ['\u1f88', '\u1f80'],
  ['\ufb05', '\ufb06'],
  ['\u{10400}', '\u{10428}'],
  ['\uab70\u13f8', '\u13a0\u13f0'],
])('%s folds to %s', (text, folded) => {
  expect(fold(text)).toBe(folded);
});
